import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GiB, MiB } from '@bakehouse/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostRoom, reserveOf } from './host-room.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-room-'));
});
afterAll(() => rm(folder, { recursive: true }));

const roomOf = (neededBytes: number, reserveBytes = 0) =>
  hostRoom({ paths: [folder, folder], guests: folder, neededBytes, reserveBytes });

test('a file system with room is not reported', async () => {
  expect(await roomOf(1).shortages()).toEqual([]);
});

test('a file system that is too full is reported once, with its path and the way out', async () => {
  const shortages = await roomOf(2 ** 60).shortages();
  expect(shortages).toHaveLength(1);
  expect(shortages[0]).toContain(folder);
  expect(shortages[0]).toContain(`free at least ${2 ** 40} MiB`);
});

test('what is below the reserve is full, and guests have the room of their own folder', async () => {
  const { blocks, bsize } = await statfs(folder);
  const half = Math.floor((blocks * bsize) / 2);
  const room = roomOf(1, 2 ** 60);
  const { path, freeBytes, reservedBytes } = await room.look();
  expect([path, reservedBytes]).toEqual([folder, half]);
  expect(await room.shortages()).toHaveLength(freeBytes < half ? 1 : 0);
});

test.each([
  ['a large disk', 500 * GiB, undefined, GiB],
  ['a small one', 2 * GiB, undefined, Math.floor(GiB / 10)],
  ['what was asked for', 500 * GiB, 20 * GiB, 20 * GiB],
  ['more than guests would have', 100 * MiB, GiB, 50 * MiB],
  ['none', 500 * GiB, 0, 0],
])('the reserve of %s', (_, totalBytes, asked, expected) => {
  expect(reserveOf(totalBytes, asked)).toBe(expected);
});
