import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB, silentLogger } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { reserveIn } from './reserve.ts';

/** A reserve on a disk that says that it has so much free beside what the reserve itself gives up. */
async function bench() {
  const parent = await mkdtemp(join(tmpdir(), 'bakehouse-reserve-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const folder = join(parent, 'reserve');
  const disk = { sizeBytes: 1024 * MiB, usedBytes: 0 };
  const names = () => readdir(folder).catch(() => []);
  const freeBytes = async () => disk.sizeBytes - disk.usedBytes - (await names()).length * 8 * MiB;
  const reserve = reserveIn({ folder, logger: silentLogger, freeBytes });
  return { folder, disk, names, reserve };
}

async function filled() {
  const it = await bench();
  await it.reserve.refill();
  return it;
}

test('it is of bytes that no file system can leave out, and taken once', async () => {
  const { folder, names, reserve } = await bench();
  for (let turn = 0; turn < 2; turn += 1) {
    await reserve.refill();
    expect(await names()).toEqual(['1', '2', '3', '4']);
  }
  const { size, blocks, mode } = await stat(join(folder, '1'));
  expect(size).toBe(8 * MiB);
  expect(blocks * 512).toBeGreaterThanOrEqual(size);
  expect(mode & 0o777).toBe(0o600);
});

test('a start with room takes nothing of it, and one on a full disk a part', async () => {
  const { disk, names, reserve } = await filled();
  await reserve.makeRoom();
  expect(await names()).toHaveLength(4);
  disk.usedBytes = disk.sizeBytes - 32 * MiB;
  await reserve.makeRoom();
  expect(await names()).toEqual(['1', '2', '3']);
  // The part is still free: nothing has used it.
  await reserve.makeRoom();
  expect(await names()).toHaveLength(3);
});

test('when others fill what was given up, the next start takes the next part', async () => {
  const { disk, names, reserve } = await filled();
  const left: number[] = [];
  for (let start = 0; start < 5; start += 1) {
    disk.usedBytes = disk.sizeBytes - (await names()).length * 8 * MiB;
    await reserve.makeRoom();
    left.push((await names()).length);
  }
  expect(left).toEqual([3, 2, 1, 0, 0]);
});

test('it is taken back when there is room for guests and more', async () => {
  const { disk, names, reserve } = await filled();
  disk.usedBytes = disk.sizeBytes - 32 * MiB;
  await reserve.makeRoom();
  await reserve.refill();
  expect(await names()).toHaveLength(3);
  disk.usedBytes = disk.sizeBytes - 151 * MiB;
  await reserve.refill();
  expect(await names()).toHaveLength(3);
  disk.usedBytes = disk.sizeBytes - 152 * MiB;
  await reserve.refill();
  expect(await names()).toHaveLength(4);
});

test('a folder that does not exist has no reserve yet, and a start there is no matter', async () => {
  const { names, reserve } = await bench();
  await reserve.makeRoom();
  expect(await names()).toEqual([]);
});
