import { join } from 'node:path';
import { KiB, MiB } from '@bakehouse/base';
import type { ByteRange } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectNbd, openNbdBlockSource } from '../src/index.ts';
import {
  collect,
  type RunningTool,
  removeFolder,
  run,
  startQemuNbd,
  temporaryFolder,
} from './fixtures.ts';

let folder: string;
let qemuNbd: RunningTool | undefined;
let socketPath: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  socketPath = join(folder, 'nbd.sock');
});

afterEach(async () => {
  await qemuNbd?.kill();
  qemuNbd = undefined;
  await removeFolder(folder);
});

const write = (disk: string, byte: number, offset: number, lengthBytes: number) =>
  run('qemu-io', '-f', 'qcow2', '-c', `write -P ${byte} ${offset} ${lengthBytes}`, disk);

async function changed(changedContext: string): Promise<ByteRange[]> {
  const source = await openNbdBlockSource({
    kind: 'nbd',
    socketPath,
    exportName: '',
    changedContext,
  });
  const ranges = await collect(source.changedRanges());
  await source.close();
  return ranges;
}

test('a persistent dirty bitmap of QEMU reports what was written after it was made', async () => {
  const disk = join(folder, 'disk.qcow2');
  await run('qemu-img', 'create', '-q', '-f', 'qcow2', disk, '64M');
  await write(disk, 1, 0, MiB);
  await run('qemu-img', 'bitmap', '--add', '-g', '64k', disk, 'since-1');
  await write(disk, 2, 2 * MiB, 128 * KiB);
  await write(disk, 3, 64 * MiB - 64 * KiB, 64 * KiB);
  qemuNbd = await startQemuNbd(socketPath, ['-r', '-f', 'qcow2', '-B', 'since-1', disk]);

  expect(await changed('qemu:dirty-bitmap:since-1')).toEqual([
    { offset: 2 * MiB, lengthBytes: 128 * KiB },
    { offset: 64 * MiB - 64 * KiB, lengthBytes: 64 * KiB },
  ]);
  await expect(changed('qemu:dirty-bitmap:other')).rejects.toThrow(/does not offer/);
});

test('allocation depth reports what the top of a chain holds, zeros written to it included', async () => {
  const [base, top] = [join(folder, 'base.qcow2'), join(folder, 'top.qcow2')];
  await run('qemu-img', 'create', '-q', '-f', 'qcow2', base, '32M');
  await write(base, 1, 0, 4 * MiB);
  await run('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top, '32M');
  await write(top, 2, MiB, 64 * KiB);
  await run('qemu-io', '-f', 'qcow2', '-c', `write -z ${2 * MiB} ${64 * KiB}`, top);
  qemuNbd = await startQemuNbd(socketPath, ['-r', '-f', 'qcow2', '-A', top]);

  expect(await changed('qemu:allocation-depth')).toEqual([
    { offset: MiB, lengthBytes: 64 * KiB },
    { offset: 2 * MiB, lengthBytes: 64 * KiB },
  ]);
});

test('base:allocation leaves out what reads as zeros, beyond 4 GiB as well', async () => {
  const disk = join(folder, 'disk.qcow2');
  await run('qemu-img', 'create', '-q', '-f', 'qcow2', disk, '3T');
  await write(disk, 7, 2 * 1024 ** 4, 64 * KiB);
  qemuNbd = await startQemuNbd(socketPath, ['-r', '-f', 'qcow2', disk]);

  expect(await changed('base:allocation')).toEqual([
    { offset: 2 * 1024 ** 4, lengthBytes: 64 * KiB },
  ]);
});

test('our client reads what QEMU wrote, in any pieces, with data and holes', async () => {
  const disk = join(folder, 'disk.qcow2');
  await run('qemu-img', 'create', '-q', '-f', 'qcow2', disk, '64M');
  await write(disk, 1, 100, 1000);
  await write(disk, 2, 8 * MiB, 9 * MiB);
  qemuNbd = await startQemuNbd(socketPath, ['-r', '-f', 'qcow2', disk]);
  const expected = Buffer.alloc(64 * MiB);
  expected.fill(1, 100, 1100).fill(2, 8 * MiB, 17 * MiB);

  const client = await connectNbd({ socketPath, exportName: '' });
  expect(client.sizeBytes).toBe(64 * MiB);
  expect(Buffer.compare(await client.read(0, 64 * MiB), expected)).toBe(0);
  const reads = Array.from({ length: 300 }, (_, index) => ({
    offset: (index * 7919 * 101) % (60 * MiB),
    lengthBytes: (index * 4099) % (2 * MiB),
  }));
  for (const { offset, lengthBytes } of reads) {
    const bytes = await client.read(offset, lengthBytes);
    expect(Buffer.compare(bytes, expected.subarray(offset, offset + lengthBytes))).toBe(0);
  }
  const together = await Promise.all(reads.map((r) => client.read(r.offset, r.lengthBytes)));
  together.forEach((bytes, index) => {
    const { offset, lengthBytes } = reads[index] ?? { offset: 0, lengthBytes: 0 };
    expect(Buffer.compare(bytes, expected.subarray(offset, offset + lengthBytes))).toBe(0);
  });
  await expect(client.read(64 * MiB - 1, 2)).rejects.toThrow(RangeError);
  await client.close();
});

test('an export that does not exist is an error of the server', async () => {
  const disk = join(folder, 'disk.raw');
  await run('qemu-img', 'create', '-q', '-f', 'raw', disk, '1M');
  qemuNbd = await startQemuNbd(socketPath, ['-r', '-f', 'raw', '-x', 'here', disk]);
  await expect(connectNbd({ socketPath, exportName: 'there' })).rejects.toMatchObject({
    name: 'NbdServerError',
  });
});

test('a server that is killed in the middle rejects what is under way', async () => {
  const disk = join(folder, 'disk.raw');
  await run('qemu-img', 'create', '-q', '-f', 'raw', disk, '1G');
  qemuNbd = await startQemuNbd(socketPath, ['-r', '-f', 'raw', disk]);
  const client = await connectNbd({ socketPath, exportName: '' });
  const reads = Promise.allSettled(
    Array.from({ length: 64 }, (_, index) => client.read(index * 16 * MiB, 16 * MiB)),
  );
  await qemuNbd.kill();
  const results = await reads;
  const rejected = results.filter((result) => result.status === 'rejected');
  expect(rejected.length).toBeGreaterThan(0);
  for (const { reason } of rejected) expect(reason).toMatchObject({ name: 'NbdConnectionError' });
  await expect(client.read(0, 1)).rejects.toMatchObject({ name: 'NbdConnectionError' });
});
