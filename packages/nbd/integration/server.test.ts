import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { KiB, MiB, silentLogger } from '@bakehouse/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type BlockDevice,
  connectNbd,
  type NbdServer,
  type NbdServerOptions,
  serveNbd,
} from '../src/index.ts';
import { memoryDevice } from '../src/testing/memory-device.ts';
import { collect, removeFolder, run, temporaryFolder, until } from './fixtures.ts';

const content = Buffer.concat([
  randomBytes(3 * MiB),
  Buffer.alloc(5 * MiB),
  randomBytes(2 * MiB + 512),
]);
let folder: string;
let socketPath: string;
let server: NbdServer;
let devices: ReturnType<typeof memoryDevice>[];
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  socketPath = join(folder, 'nbd.sock');
  devices = [];
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
  expect(devices.filter((device) => !device.isClosed)).toEqual([]);
  expect(await readdir(folder)).not.toContain('nbd.sock');
  await removeFolder(folder);
});

/** Serves `content` as `disk`, every device of it counted. */
async function serve(options: Partial<NbdServerOptions> = {}): Promise<void> {
  server = await serveNbd({
    socketPath,
    logger: silentLogger,
    async openExport(name) {
      if (name !== 'disk') return undefined;
      const device = memoryDevice(content);
      devices.push(device);
      return device;
    },
    ...options,
  });
}

const uri = (name: string) => `nbd+unix:///${name}?socket=${socketPath}`;

async function rawFile(): Promise<string> {
  const path = join(folder, 'disk.raw');
  await writeFile(path, content);
  return path;
}

function rawSocket(): Socket {
  const socket = connect(socketPath);
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

test('the socket is its owner’s alone, and one that a dead server left is replaced', async () => {
  await writeFile(socketPath, 'left behind');
  await serve();
  const status = await lstat(socketPath);
  expect(status.isSocket()).toBe(true);
  expect(status.mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['nbd.sock']);
});

test('a socket path that Linux would cut is refused in words', async () => {
  await serve();
  const long = join(folder, 'x'.repeat(120));
  await expect(
    serveNbd({ socketPath: long, logger: silentLogger, openExport: async () => undefined }),
  ).rejects.toThrow(/Linux allows 107/);
  expect(await readdir(folder)).toEqual(['nbd.sock']);
});

test('nbdinfo sees the export as it is', async () => {
  await serve({ listExports: async () => ['disk'] });
  const info = JSON.parse(await run('nbdinfo', '--json', uri('disk')));
  expect(info.exports[0]).toMatchObject({
    'export-name': 'disk',
    'export-size': content.length,
    is_read_only: true,
    can_df: true,
    can_multi_conn: true,
    can_cache: true,
    contexts: ['base:allocation'],
  });
  const listed = JSON.parse(await run('nbdinfo', '--json', '--list', uri('')));
  expect(listed.exports).toHaveLength(1);
  await expect(run('nbdinfo', uri('none'))).rejects.toThrow(
    /No such file or directory for export: none/,
  );
});

test('nbdinfo --map, qemu-img map and our client agree on where the zeros are', async () => {
  await serve();
  const map = JSON.parse(await run('nbdinfo', '--map', '--json', uri('disk')));
  const expected = [
    { offset: 0, length: 3 * MiB, type: 0 },
    { offset: 3 * MiB, length: 5 * MiB, type: 3 },
    { offset: 8 * MiB, length: 2 * MiB + 512, type: 0 },
  ];
  expect(map).toMatchObject(expected);
  const qemu = JSON.parse(await run('qemu-img', 'map', '--output=json', '-f', 'raw', uri('disk')));
  expect(qemu).toMatchObject([{ zero: false }, { start: 3 * MiB, zero: true }, { zero: false }]);
  const client = await connectNbd({
    socketPath,
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
  await serve();
  const raw = await rawFile();
  expect(await run('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', raw, uri('disk'))).toMatch(
    /identical/,
  );
  await run(
    'qemu-img',
    'convert',
    '-f',
    'raw',
    '-O',
    'qcow2',
    uri('disk'),
    join(folder, 'a.qcow2'),
  );
  expect(
    await run('qemu-img', 'compare', '-f', 'qcow2', '-F', 'raw', join(folder, 'a.qcow2'), raw),
  ).toMatch(/identical/);
  await run('nbdcopy', '--connections=4', '--requests=64', uri('disk'), join(folder, 'b.raw'));
  expect(Buffer.compare(await readFile(join(folder, 'b.raw')), content)).toBe(0);
});

test('a client without structured replies reads the same', async () => {
  await serve();
  expect(Buffer.compare(await readSimply(), content)).toBe(0);
});

/** What the oldest clients do: flags, an export name, a read, a simple reply. */
async function readSimply(): Promise<Buffer> {
  const socket = rawSocket();
  const name = Buffer.from('disk');
  const option = Buffer.alloc(20);
  option.writeUInt32BE(1, 0);
  option.write('IHAVEOPT', 4);
  option.writeUInt32BE(1, 12);
  option.writeUInt32BE(name.length, 16);
  const request = Buffer.alloc(28);
  request.writeUInt32BE(0x25609513, 0);
  request.writeUInt32BE(content.length, 24);
  socket.write(Buffer.concat([option, name, request]));
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
  await serve();
  const read = `read -P 0 ${3 * MiB + 1} ${KiB + 5}`;
  expect(await run('qemu-io', '-r', '-f', 'raw', '-c', read, uri('disk'))).toMatch(/read 1029/);
  await expect(run('qemu-io', '-f', 'raw', '-c', 'write 0 512', uri('disk'))).rejects.toThrow(
    /read-only|Permission|permission/,
  );
});

test('a device that fails is an I/O error in its own words', async () => {
  const device: BlockDevice = {
    sizeBytes: MiB,
    read: () => Promise.reject(new Error('chunk 4711 is damaged')),
    close: () => {},
  };
  await serve({ openExport: async () => device });
  await expect(
    run('qemu-img', 'convert', '-f', 'raw', '-O', 'raw', uri('disk'), join(folder, 'x.raw')),
  ).rejects.toThrow(/Input\/output error/);
  const client = await connectNbd({ socketPath, exportName: 'disk' });
  await expect(client.read(0, 512)).rejects.toThrow(/EIO \(chunk 4711 is damaged\)/);
  await client.close();
});

test('garbage, half messages and sudden ends leave a server that serves', async () => {
  await serve();
  const starts = [
    randomBytes(100_000),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.concat([Buffer.from([0, 0, 0, 3]), randomBytes(50_000)]),
    Buffer.from([0, 0, 0, 3, 0x49, 0x48]),
  ];
  for (const start of starts) {
    const socket = rawSocket();
    socket.resume();
    socket.end(start);
    await new Promise((resolve) => socket.once('close', resolve));
  }
  await until(() => server.connectionCount === 0);
  expect(await run('nbdinfo', '--size', uri('disk'))).toBe(`${content.length}\n`);
});

test('a client that says nothing is dropped when the time for its handshake is over', async () => {
  await serve({ limits: { handshakeMs: 50 } });
  const socket = rawSocket();
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  await until(() => server.connectionCount === 0);
});

test('connections above the limit are turned away, and room that comes free is used', async () => {
  await serve({ limits: { connectionsMax: 1 } });
  const first = await connectNbd({ socketPath, exportName: 'disk' });
  await expect(connectNbd({ socketPath, exportName: 'disk' })).rejects.toMatchObject({
    name: 'NbdConnectionError',
  });
  await first.close();
  await until(() => server.connectionCount === 0);
  const second = await connectNbd({ socketPath, exportName: 'disk' });
  await second.close();
});

test('a client that asks and never reads makes the server hold no more than the limit', async () => {
  let asked = 0;
  const device: BlockDevice = {
    sizeBytes: MiB,
    read(_, lengthBytes) {
      asked += lengthBytes;
      return [Buffer.alloc(lengthBytes, 1)];
    },
    close: () => {},
  };
  await serve({ openExport: async () => device, limits: { inFlightBytesMax: 4 * MiB } });
  const socket = rawSocket();
  socket.pause();
  const option = Buffer.alloc(20);
  option.writeUInt32BE(1, 0);
  option.write('IHAVEOPT', 4);
  option.writeUInt32BE(1, 12);
  const request = Buffer.alloc(28);
  request.writeUInt32BE(0x25609513, 0);
  request.writeUInt32BE(MiB, 24);
  socket.write(Buffer.concat([option, ...Array.from({ length: 1000 }, () => request)]));
  await until(() => asked > 0);
  // Another client is served meanwhile, and again: the server has had every chance to go on.
  for (let round = 0; round < 5; round++) {
    const client = await connectNbd({ socketPath, exportName: '' });
    await client.read(0, 1);
    await client.close();
  }
  // What the kernel holds between the two, and the limit.
  expect(asked).toBeLessThanOrEqual(8 * MiB);
  socket.destroy();
  await until(() => server.connectionCount === 0);
});

test('a client that is killed in the middle of a copy leaves no device open', async () => {
  let reads = 0;
  await serve({
    async openExport() {
      const device = memoryDevice(Buffer.alloc(64 * MiB, 7));
      devices.push(device);
      return {
        ...device,
        close: () => device.close(),
        read: (offset, lengthBytes) => {
          reads += 1;
          return new Promise((resolve) => {
            setImmediate(() => resolve(device.read(offset, lengthBytes)));
          });
        },
      };
    },
  });
  const copy = spawn('nbdcopy', [uri('disk'), 'null:'], { stdio: 'ignore' });
  await until(() => reads > 10);
  copy.kill('SIGKILL');
  await until(() => server.connectionCount === 0);
});

test('closing the server ends clients in the middle of reads', async () => {
  const device: BlockDevice = { sizeBytes: MiB, read: () => slow, close: () => {} };
  const gate: { open: () => void } = { open: () => {} };
  const slow = new Promise<[{ zeroBytes: number }]>((resolve) => {
    gate.open = () => resolve([{ zeroBytes: 512 }]);
  });
  await serve({ openExport: async () => device });
  const client = await connectNbd({ socketPath, exportName: 'disk' });
  const read = client.read(0, 512);
  const rejected = expect(read).rejects.toMatchObject({ name: 'NbdConnectionError' });
  await until(() => server.connectionCount === 1);
  const closed = server.close();
  await rejected;
  gate.open();
  await closed;
});

test('an aborted signal ends the client with its reason', async () => {
  await serve();
  const controller = new AbortController();
  const client = await connectNbd({ socketPath, exportName: 'disk', signal: controller.signal });
  controller.abort(new Error('no longer wanted'));
  await expect(client.read(0, 512)).rejects.toThrow('no longer wanted');
  await expect(
    connectNbd({ socketPath, exportName: 'disk', signal: controller.signal }),
  ).rejects.toThrow('no longer wanted');
});

test('a server whose export never opens is an error in time, and can still be closed', async () => {
  await serve({ openExport: () => new Promise(() => {}), limits: { handshakeMs: 200 } });
  await expect(connectNbd({ socketPath, exportName: 'disk', timeoutMs: 50 })).rejects.toThrow(
    /within 50 ms/,
  );
});

test('QEMU waits for a server that comes back: a pause, not an I/O error', async () => {
  await serve();
  const image = `driver=nbd,server.type=unix,server.path=${socketPath},export=disk,reconnect-delay=60`;
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
  await server.close();
  printed = '';
  qemuIo.stdin.write(`read -P 0 ${3 * MiB} 4096\n`);
  await serve();
  await until(() => printed.includes('read 4096/4096'));
  qemuIo.stdin.end('quit\n');
  expect(await exited).toBe(0);
});
