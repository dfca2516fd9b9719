import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GiB, KiB, MiB } from '@bakehouse/base';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bitmapGranularityBytes, fleeceClusterBytes, writeEmptyQcow2 } from './empty-qcow2.ts';
import { readQcow2Size } from './qcow2-header.ts';

const TiB = 1024 * GiB;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-qcow2-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('an image is of the size that was asked for, small on disk, and its owner’s alone', async () => {
  const path = join(folder, 'disk.qcow2');
  await writeEmptyQcow2(path, { sizeBytes: 16 * TiB, clusterBytes: 64 * KiB });
  expect(await readQcow2Size(path)).toBe(16 * TiB);
  const { blocks, mode } = await stat(path);
  expect(blocks * 512).toBeLessThan(MiB);
  expect(mode & 0o777).toBe(0o600);
  await expect(
    writeEmptyQcow2(path, { sizeBytes: 512, clusterBytes: 64 * KiB }),
  ).rejects.toMatchObject({ code: 'EEXIST' });
});

test.each([
  ['clusters that are no power of two', 3 * 512, GiB],
  ['clusters below 512 bytes', 256, GiB],
  ['clusters above 2 MiB', 4 * MiB, GiB],
  ['half a sector', 64 * KiB, GiB + 256],
  ['a table that one refcount block does not cover', 512, TiB],
])('refuses %s', async (_, clusterBytes, sizeBytes) => {
  const image = { sizeBytes, clusterBytes };
  await expect(writeEmptyQcow2(join(folder, 'x'), image)).rejects.toBeInstanceOf(RangeError);
});

test('a fleece has few clusters whatever the disk, and bitmaps are no coarser than blocks', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 * 1024 }), (sizeGiB) => {
      const sizeBytes = sizeGiB * GiB;
      const clusterBytes = fleeceClusterBytes(sizeBytes);
      expect(clusterBytes).toBeGreaterThanOrEqual(64 * KiB);
      expect(sizeBytes / clusterBytes <= 2 * MiB || clusterBytes === 2 * MiB).toBe(true);
      expect((512 * KiB) % bitmapGranularityBytes(sizeBytes)).toBe(0);
      // Both are powers of two, so that a bit covers whole clusters or the other way round.
      expect(Number.isInteger(Math.log2(clusterBytes))).toBe(true);
    }),
  );
});
