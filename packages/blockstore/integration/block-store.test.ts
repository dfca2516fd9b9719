import { readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockMapId, StoreUsage } from '@bakehouse/domain';
import { placesIn } from '@bakehouse/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { openBlockStore } from '../src/open-block-store.ts';
import { bytesSource } from './support/bytes-source.ts';
import { type TemporaryStore, temporaryStore } from './support/temporary-store.ts';

const blockCount = 6;
const sizeBytes = blockCount * blockSizeBytes - 1000;

/** A disk whose blocks are given by small numbers: 0 is zeros, odd ones do not pack. */
function disk(blocks: readonly number[], length = sizeBytes): Buffer {
  const bytes = Buffer.alloc(length);
  for (const [index, kind] of blocks.entries()) {
    const block = bytes.subarray(index * blockSizeBytes, (index + 1) * blockSizeBytes);
    if (kind % 2 === 0) block.fill(kind);
    else fillNoise(block, kind);
  }
  return bytes;
}

/** Noise that depends on the seed alone. */
function fillNoise(bytes: Buffer, seed: number): void {
  let state = seed;
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, at);
  }
}

function fileBytes(directory: string): number {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function expectToAddUp(usage: StoreUsage, directory: string): void {
  expect(usage.onDiskBytes).toBe(fileBytes(directory));
  const { liveBytes, reclaimableBytes, overheadBytes } = usage;
  expect(liveBytes + reclaimableBytes + overheadBytes).toBe(usage.onDiskBytes);
  expect(Math.min(liveBytes, reclaimableBytes, overheadBytes)).toBeGreaterThanOrEqual(0);
}

const anyBlocks = fc.array(fc.integer({ min: 0, max: 9 }), {
  minLength: blockCount,
  maxLength: blockCount,
});
const anyStep = fc.oneof(
  fc.record({ kind: fc.constant('capture' as const), blocks: anyBlocks }),
  fc.record({
    kind: fc.constant('change' as const),
    base: fc.nat(),
    at: fc.integer({ min: 0, max: sizeBytes - 1 }),
    lengthBytes: fc.integer({ min: 1, max: blockSizeBytes }),
    value: fc.integer({ min: 0, max: 255 }),
  }),
  fc.record({ kind: fc.constant('prune' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('reopen' as const) }),
);

type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

interface World {
  readonly store: TemporaryStore;
  readonly model: Map<BlockMapId, Buffer>;
  /** The id of a map that this step makes. */
  readonly mapId: BlockMapId;
}

async function take({ store, model, mapId }: World, step: Step): Promise<void> {
  const known = [...model.keys()];
  if (step.kind === 'reopen') return store.reopen();
  if (step.kind === 'prune') {
    const gone = known.filter((_, at) => (step.which >> at) % 2 === 1);
    await store.store().prune(new Set(gone));
    for (const each of gone) model.delete(each);
    expect(await store.store().usage()).toMatchObject({ reclaimableBytes: 0 });
    return;
  }
  if (step.kind === 'capture') {
    model.set(mapId, disk(step.blocks));
    await store.capture(mapId, bytesSource(disk(step.blocks)));
    return;
  }
  const baseMapId = known[step.base % known.length];
  if (baseMapId === undefined) return;
  const bytes = Buffer.from(model.get(baseMapId) ?? []);
  const lengthBytes = Math.min(step.lengthBytes, sizeBytes - step.at);
  bytes.fill(step.value, step.at, step.at + lengthBytes);
  await store.capture(mapId, bytesSource(bytes, [{ offset: step.at, lengthBytes }]), { baseMapId });
  model.set(mapId, bytes);
}

test('the store holds what a Map of bytes would, over captures, changes, prunes and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 10 }), async (steps) => {
      await using store = await temporaryStore();
      const model = new Map<BlockMapId, Buffer>();
      for (const [number, step] of steps.entries()) {
        await take({ store, model, mapId: `map-${number}` }, step);
      }
      expect(new Set(await store.store().list())).toEqual(new Set(model.keys()));
      for (const [mapId, bytes] of model) {
        expect(bytes.equals(await store.readAll(mapId))).toBe(true);
      }
      expectToAddUp(await store.store().usage(), store.directory);
      expect((await store.store().verify()).problems).toEqual([]);
    }),
    { numRuns: 12 },
  );
});

test('a capture reads only the blocks that changed and adds only what is new', async () => {
  await using store = await temporaryStore();
  const before = disk([1, 2, 3, 4, 5, 0]);
  const first = await store.capture('map-a', bytesSource(before));
  expect(first).toMatchObject({ blockCount: 5, readBytes: sizeBytes });
  const after = Buffer.from(before);
  after.fill(0xee, 2 * blockSizeBytes + 10, 2 * blockSizeBytes + 20);
  const ranges = [{ offset: 2 * blockSizeBytes + 10, lengthBytes: 10 }];
  const second = await store.capture('map-b', bytesSource(after, ranges), { baseMapId: 'map-a' });
  expect(second).toMatchObject({ blockCount: 5, readBytes: blockSizeBytes });
  const same = await store.capture('map-c', bytesSource(after));
  expect(same.addedBytes).toBe(0);
  const { maps, held, liveBytes } = await store.store().usage();
  expect(liveBytes).toBe(first.addedBytes + second.addedBytes);
  const alone = held.map((part) => placesIn(part.maps)).filter(({ length }) => length === 1);
  expect(alone.flat().map((place) => maps[place]?.mapId)).toEqual(['map-a']);
});

test('equal blocks are stored once, also within one disk', async () => {
  await using store = await temporaryStore();
  const one = await store.capture('map-a', bytesSource(disk([3, 0, 0, 0, 0, 0])));
  await store.store().prune(new Set<BlockMapId>(['map-a']));
  const many = await store.capture('map-b', bytesSource(disk([3, 3, 3, 3, 3, 0])));
  expect(many.addedBytes).toBe(one.addedBytes);
  expect(many.blockCount).toBe(5);
});

test('a base that is larger or smaller than the disk gives what the disk has', async () => {
  await using store = await temporaryStore();
  const small = disk([1, 2, 3], 3 * blockSizeBytes);
  await store.capture('map-small', bytesSource(small));
  const grown = Buffer.concat([small, disk([5], blockSizeBytes), Buffer.alloc(blockSizeBytes)]);
  const ranges = [{ offset: 3 * blockSizeBytes, lengthBytes: blockSizeBytes }];
  await store.capture('map-grown', bytesSource(grown, ranges), { baseMapId: 'map-small' });
  expect(grown.equals(await store.readAll('map-grown'))).toBe(true);
  const shrunk = small.subarray(0, blockSizeBytes);
  await store.capture('map-shrunk', bytesSource(shrunk, []), { baseMapId: 'map-grown' });
  expect(shrunk.equals(await store.readAll('map-shrunk'))).toBe(true);
});

test('capturing into a map that exists returns it and reads nothing', async () => {
  await using store = await temporaryStore();
  const first = await store.capture('map-a', bytesSource(disk([1])));
  const twice = await Promise.all([
    store.capture('map-a', bytesSource(disk([7]))),
    store.store().find('map-a'),
  ]);
  expect(twice).toEqual([first, first]);
});

test('an aborted capture leaves no map, and a silent source does not hold it up', async () => {
  await using store = await temporaryStore();
  const abort = new AbortController();
  let endRead: ((error: Error) => void) | undefined;
  const silent = {
    ...bytesSource(disk([1, 1])),
    read: () =>
      new Promise<Uint8Array>((_, reject) => {
        endRead = reject;
        abort.abort(new Error('enough'));
      }),
    close: async () => endRead?.(new Error('closed')),
  };
  await expect(store.capture('map-a', silent, { signal: abort.signal })).rejects.toThrow('enough');
  expect(await store.store().list()).toEqual([]);
  expect(await store.store().unfinishedFiles()).toEqual([]);
  await store.capture('map-a', bytesSource(disk([1, 1])));
  expect((await store.store().find('map-a'))?.blockCount).toBe(2);
});

test('a failing source fails the capture with its error and the store goes on', async () => {
  await using store = await temporaryStore();
  const failing = { ...bytesSource(disk([1, 3])), read: () => Promise.reject(new Error('EIO')) };
  await expect(store.capture('map-a', failing)).rejects.toThrow('EIO');
  await expect(
    store.capture('map-b', bytesSource(disk([1])), { baseMapId: 'map-none' }),
  ).rejects.toThrow('there is no map map-none');
  await store.capture('map-b', bytesSource(disk([1])));
  expect(await store.store().list()).toEqual(['map-b']);
});

test('maps that are captured while prunes run are whole', async () => {
  await using store = await temporaryStore();
  const bytes = disk([1, 3, 5, 7, 9, 2]);
  await store.capture('map-old', bytesSource(bytes));
  for (let round = 0; round < 8; round += 1) {
    const mapId: BlockMapId = `map-${round}`;
    const [, result] = await Promise.all([
      store.capture(mapId, bytesSource(bytes)),
      store.store().prune(new Set<BlockMapId>([`map-${round - 1}`, 'map-old'])),
    ]);
    expect(result.removedMaps).toBe(1);
    expect(bytes.equals(await store.readAll(mapId))).toBe(true);
  }
  expect((await store.store().verify()).problems).toEqual([]);
});

test('after all is pruned the folder has the bytes it began with', async () => {
  await using store = await temporaryStore();
  const before = await store.store().usage();
  await store.capture('map-a', bytesSource(disk([1, 3, 5, 7, 9, 2])));
  await store.capture('map-b', bytesSource(disk([1, 3, 4, 0, 9, 2])));
  const full = await store.store().usage();
  const { freedBytes, removedMaps, removedChunks } = await store
    .store()
    .prune(new Set(await store.store().list()));
  expect({ removedMaps, removedChunks }).toEqual({ removedMaps: 2, removedChunks: 7 });
  expect(await store.store().usage()).toEqual(before);
  expect(freedBytes).toBe(full.onDiskBytes - before.onDiskBytes);
});

test('a flipped byte is found by read and by verify, never served, and repaired by a new capture', async () => {
  await using store = await temporaryStore(64 * blockSizeBytes);
  const bytes = disk([1, 3, 5, 7, 9, 2]);
  await store.capture('map-a', bytesSource(bytes));
  await store.capture('map-b', bytesSource(disk([2])));
  const file = await open(join(store.directory, 'tail', '0000000001.seg'), 'r+');
  await file.write(Buffer.of(0x5a, 0xa5), 0, 2, 1000);
  await file.close();
  const { problems } = await store.store().verify();
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ what: 'chunk', usedBy: ['map-a'] });
  await expect(store.readAll('map-a')).rejects.toMatchObject({
    name: 'ChunkDamagedError',
    chunkId: problems[0]?.name,
  });
  await store.capture('map-c', bytesSource(bytes));
  expect(bytes.equals(await store.readAll('map-a'))).toBe(true);
  await store.store().prune(new Set());
  await store.reopen();
  expect(bytes.equals(await store.readAll('map-a'))).toBe(true);
  expect((await store.store().verify()).problems).toEqual([]);
});

test('a map whose head is damaged is reported by verify and stops a prune, until the map is removed', async () => {
  await using store = await temporaryStore();
  await store.capture('map-a', bytesSource(disk([1])));
  await store.capture('map-b', bytesSource(disk([3])));
  const file = await open(join(store.directory, 'maps', 'map-a.head'), 'r+');
  await file.write(Buffer.of(0xff), 0, 1, 90);
  await file.close();
  await store.reopen();
  const { problems } = await store.store().verify();
  expect(problems).toMatchObject([{ what: 'map', name: 'map-a', usedBy: ['map-a'] }]);
  await expect(store.store().prune(new Set(['map-b']))).rejects.toThrow('map map-a is damaged');
  await store.store().prune(new Set(['map-a']));
  expectToAddUp(await store.store().usage(), store.directory);
});

test('concurrent reads of a block share one fetch, and ranges across blocks are whole', async () => {
  await using store = await temporaryStore();
  const bytes = disk([1, 0, 3, 2, 5, 4]);
  await store.capture('map-a', bytesSource(bytes));
  const reader = await store.store().openMap('map-a');
  expect(reader.peekBlock(0)).toBe('not-cached');
  expect(reader.peekBlock(1)).toBe('not-cached');
  const [left, right] = await Promise.all([reader.readBlock(0), reader.readBlock(0)]);
  expect(left).toBe(right);
  expect(reader.peekBlock(0)).toBe(left);
  expect(reader.peekBlock(1)).toBe('zeros');
  const offset = blockSizeBytes - 3;
  const across = await reader.read(offset, 2 * blockSizeBytes);
  expect(bytes.subarray(offset, offset + across.length).equals(across)).toBe(true);
  await expect(reader.read(sizeBytes - 1, 2)).rejects.toThrow('reads stay in the disk');
});

test('a second owner is refused with the pid of the first', async () => {
  await using store = await temporaryStore();
  const { log, with: withFields } = { log: () => {}, with: () => logger };
  const logger = { log, with: withFields };
  await expect(openBlockStore({ directory: store.directory, logger })).rejects.toMatchObject({
    name: 'StoreLockedError',
    pid: process.pid,
  });
});
