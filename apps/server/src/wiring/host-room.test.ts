import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostRoom } from './host-room.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-room-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a file system with room is not reported', async () => {
  expect(await hostRoom([folder], 1).shortages()).toEqual([]);
});

test('a file system that is too full is reported once, with its path and the way out', async () => {
  const shortages = await hostRoom([folder, folder], 2 ** 60).shortages();
  expect(shortages).toHaveLength(1);
  expect(shortages[0]).toContain(folder);
  expect(shortages[0]).toContain(`free at least ${2 ** 40} MiB`);
});
