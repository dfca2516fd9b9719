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

test('a file system with room is not told of', async () => {
  expect(await hostRoom([folder], 1).shortages()).toEqual([]);
});

test('one that is too full is told of once, with its path and what to do', async () => {
  const told = await hostRoom([folder, folder], 2 ** 60).shortages();
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(folder);
  expect(told[0]).toContain(`free at least ${2 ** 40} MiB`);
});
