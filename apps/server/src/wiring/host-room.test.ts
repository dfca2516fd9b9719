import { mkdtemp, rm, stat } from 'node:fs/promises';
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
  hostRoom({ paths: [folder, folder], guests: [folder], neededBytes, reserveBytes });

test('a file system with room is not reported', async () => {
  expect(await roomOf(1).shortages()).toEqual([]);
});

test('a file system that is too full is reported once, with its path and the way out', async () => {
  const shortages = await roomOf(2 ** 60).shortages();
  expect(shortages).toHaveLength(1);
  expect(shortages[0]).toContain(folder);
  expect(shortages[0]).toContain(`free at least ${2 ** 40} MiB`);
});

test('what is below the reserve is full, and guests have the room of each disk that they have files on', async () => {
  const disks = new Map([
    ['/', { device: 1, totalBytes: 4 * GiB, freeBytes: GiB }],
    ['/volumes', { device: 2, totalBytes: 8 * GiB, freeBytes: 3 * GiB }],
    ['/instances', { device: 3, totalBytes: 2 * GiB, freeBytes: GiB }],
    ['/instances/more', { device: 3, totalBytes: 2 * GiB, freeBytes: GiB }],
  ]);
  const room = hostRoom({
    paths: [...disks.keys()],
    guests: ['/volumes', '/instances', '/instances/more'],
    ...{ neededBytes: 1, reserveBytes: 2 ** 60 },
    async measure(path) {
      const found = disks.get(path);
      if (found === undefined) throw new Error(`there is no ${path}`);
      return found;
    },
  });
  expect(await room.look()).toEqual([
    { device: 2, path: '/volumes', freeBytes: 3 * GiB, reservedBytes: 4 * GiB },
    { device: 3, path: '/instances', freeBytes: GiB, reservedBytes: GiB },
  ]);
  expect(await room.shortages()).toEqual([expect.stringContaining('of /volumes is full')]);
});

test('a folder has the device that its files have', async () => {
  const { dev } = await stat(folder);
  expect(await roomOf(1).look()).toMatchObject([{ device: dev, path: folder, reservedBytes: 0 }]);
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
