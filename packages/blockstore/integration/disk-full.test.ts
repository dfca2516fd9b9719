import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@bakehouse/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { openBlockStore } from '../src/open-block-store.ts';

/** Needs root: the store lies on a file system of 16 MiB. */
let folder = '';
let mounted = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstore-full-'));
  mounted = await mkdtemp(join(tmpdir(), 'blockstore-small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mounted]);
});

afterAll(async () => {
  execFileSync('umount', [mounted]);
  await rm(mounted, { recursive: true });
  await rm(folder, { recursive: true });
});

test('a full disk fails the capture with the way out, and the store goes on when there is room', async () => {
  const small = randomBytes(8 * blockSizeBytes);
  const large = randomBytes(40 * blockSizeBytes);
  await writeFile(join(folder, 'small'), small);
  await writeFile(join(folder, 'large'), large);
  const directory = join(mounted, 'store');
  const file = (name: string) => ({ kind: 'file' as const, path: join(folder, name) });
  {
    await using store = await openBlockStore({ directory, logger: silentLogger });
    await store.capture({ mapId: 'map-small', source: file('small') });
    await expect(
      store.capture({ mapId: 'map-large', source: file('large') }),
    ).rejects.toMatchObject({
      name: 'StoreFullError',
      path: expect.stringContaining(directory),
      message: expect.stringContaining('prune'),
    });
    expect(await store.list()).toEqual(['map-small']);
    expect(await store.unfinishedFiles()).toEqual([]);
    const reader = await store.openMap('map-small');
    expect(small.equals(await reader.read(0, reader.sizeBytes))).toBe(true);
    expect((await store.verify()).problems).toEqual([]);
  }
  await using store = await openBlockStore({ directory, logger: silentLogger });
  expect((await store.verify()).problems).toEqual([]);
  await store.prune(new Set());
  expect((await store.usage()).reclaimableBytes).toBe(0);
  execFileSync('mount', ['-o', 'remount,size=64m', mounted]);
  await store.capture({ mapId: 'map-large', source: file('large') });
  const reader = await store.openMap('map-large');
  expect(large.equals(await reader.read(0, reader.sizeBytes))).toBe(true);
});
