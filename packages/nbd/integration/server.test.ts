import { spawn } from 'node:child_process';
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KiB, MiB, silentLogger } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { type BlockDevice, connectNbd, serveNbd } from '../src/index.ts';
import { collect, run, until } from './fixtures.ts';
import { content, oldestClient, useServerRig } from './server-rig.ts';

const rig = useServerRig();

test('the socket is its owner’s alone, and one that a dead server left is replaced', async () => {
  await writeFile(rig.socketPath, 'left behind');
  await rig.serve();
  const status = await lstat(rig.socketPath);
  expect(status.isSocket()).toBe(true);
  expect(status.mode & 0o777).toBe(0o600);
  expect(await readdir(rig.folder)).toEqual(['nbd.sock']);
});

test('a socket path that Linux would cut is refused in words', async () => {
  await rig.serve();
  const long = join(rig.folder, 'x'.repeat(120));
  await expect(
    serveNbd({ socketPath: long, logger: silentLogger, openExport: async () => undefined }),
  ).rejects.toThrow(/Linux allows 107/);
  expect(await readdir(rig.folder)).toEqual(['nbd.sock']);
});

test('nbdinfo sees the export as it is', async () => {
  await rig.serve();
  const info = JSON.parse(await run('nbdinfo', '--json', rig.uri('disk')));
  expect(info.exports[0]).toMatchObject({
    'export-name': 'disk',
    'export-size': content.length,
    is_read_only: true,
    can_df: true,
    can_multi_conn: true,
    can_cache: true,
    contexts: ['base:allocation'],
  });
  await expect(run('nbdinfo', rig.uri('none'))).rejects.toThrow(
    /No such file or directory for export: none/,
  );
});

test('nbdinfo --map, qemu-img map and our client agree on where the zeros are', async () => {
  await rig.serve();
  const map = JSON.parse(await run('nbdinfo', '--map', '--json', rig.uri('disk')));
  const expected = [
    { offset: 0, length: 3 * MiB, type: 0 },
    { offset: 3 * MiB, length: 5 * MiB, type: 3 },
    { offset: 8 * MiB, length: 2 * MiB + 512, type: 0 },
  ];
  expect(map).toMatchObject(expected);
  const qemu = JSON.parse(
    await run('qemu-img', 'map', '--output=json', '-f', 'raw', rig.uri('disk')),
  );
  expect(qemu).toMatchObject([{ zero: false }, { start: 3 * MiB, zero: true }, { zero: false }]);
  const client = await connectNbd({
    socketPath: rig.socketPath,
    exportName: 'disk',
    metaContexts: ['base:allocation'],
  });
  const ours = await collect(client.blockStatus('base:allocation'));
  expect(
    ours.map((range) => ({ offset: range.offset, length: range.lengthBytes, type: range.flags })),
  ).toEqual(expected);
  await client.close();
});

test('qemu-img compares, converts and nbdcopy copies what the device holds', async () => {
  await rig.serve();
  const raw = await rig.rawFile();
  expect(await run('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', raw, rig.uri('disk'))).toMatch(
    /identical/,
  );
  await run(
    'qemu-img',
    'convert',
    '-f',
    'raw',
    '-O',
    'qcow2',
    rig.uri('disk'),
    join(rig.folder, 'a.qcow2'),
  );
  expect(
    await run('qemu-img', 'compare', '-f', 'qcow2', '-F', 'raw', join(rig.folder, 'a.qcow2'), raw),
  ).toMatch(/identical/);
  await run(
    'nbdcopy',
    '--connections=4',
    '--requests=64',
    rig.uri('disk'),
    join(rig.folder, 'b.raw'),
  );
  expect(Buffer.compare(await readFile(join(rig.folder, 'b.raw')), content)).toBe(0);
});

test('a client without structured replies reads the same', async () => {
  await rig.serve();
  expect(Buffer.compare(await readSimply(), content)).toBe(0);
});

async function readSimply(): Promise<Buffer> {
  const socket = rig.rawSocket();
  socket.write(oldestClient('disk', [content.length]));
  const headBytes = 18 + 10 + 124 + 16;
  const chunks: Buffer[] = [];
  let left = headBytes + content.length;
  for await (const chunk of socket) {
    chunks.push(chunk);
    left -= chunk.length;
    if (left <= 0) break;
  }
  return Buffer.concat(chunks).subarray(headBytes);
}

test('qemu-io reads unaligned ranges, and may not write', async () => {
  await rig.serve();
  const read = `read -P 0 ${3 * MiB + 1} ${KiB + 5}`;
  expect(await run('qemu-io', '-r', '-f', 'raw', '-c', read, rig.uri('disk'))).toMatch(/read 1029/);
  await expect(run('qemu-io', '-f', 'raw', '-c', 'write 0 512', rig.uri('disk'))).rejects.toThrow(
    /read-only|Permission|permission/,
  );
});

test('a device that fails is an I/O error in its own words', async () => {
  const device: BlockDevice = {
    sizeBytes: MiB,
    read: () => Promise.reject(new Error('chunk 4711 is damaged')),
    close: () => {},
  };
  await rig.serve({ openExport: async () => device });
  await expect(
    run(
      'qemu-img',
      'convert',
      '-f',
      'raw',
      '-O',
      'raw',
      rig.uri('disk'),
      join(rig.folder, 'x.raw'),
    ),
  ).rejects.toThrow(/Input\/output error/);
  const client = await connectNbd({ socketPath: rig.socketPath, exportName: 'disk' });
  await expect(client.read(0, 512)).rejects.toThrow(/EIO \(chunk 4711 is damaged\)/);
  await client.close();
});

test('QEMU waits for a server that comes back: a pause, not an I/O error', async () => {
  await rig.serve();
  const image = `driver=nbd,server.type=unix,server.path=${rig.socketPath},export=disk,reconnect-delay=60`;
  const qemuIo = spawn('qemu-io', ['-r', '--image-opts', image], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let printed = '';
  qemuIo.stdout.on('data', (text: Buffer) => {
    printed += text;
  });
  const exited = new Promise<number | null>((resolve) => qemuIo.once('exit', resolve));
  qemuIo.stdin.write('read 0 512\n');
  await until(() => printed.includes('read 512/512'));
  await rig.server.close();
  printed = '';
  qemuIo.stdin.write(`read -P 0 ${3 * MiB} 4096\n`);
  await rig.serve();
  await until(() => printed.includes('read 4096/4096'));
  qemuIo.stdin.end('quit\n');
  expect(await exited).toBe(0);
});
