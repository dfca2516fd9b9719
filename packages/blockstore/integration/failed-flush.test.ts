import { randomBytes, randomInt } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import type { BlockMapId, BlockSource } from '@bakehouse/domain';
import { afterEach, expect, test, vi } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { FlushFailedError } from '../src/store-errors.ts';
import { bytesSource } from './support/bytes-source.ts';
import { failNextFlush, failNextFolderSync, loseUnflushed } from './support/failing-flush.ts';
import { type TemporaryStore, temporaryStore } from './support/temporary-store.ts';

afterEach(() => vi.restoreAllMocks());

const segmentBytesMax = 256 * MiB;
const isFailedFlush = { name: 'FlushFailedError', message: expect.stringContaining('dmesg') };

/** A disk whose last block is read only after `letGo`. */
function heldSource(bytes: Uint8Array) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const lastOffset = bytes.length - blockSizeBytes;
  const source: BlockSource = {
    ...bytesSource(bytes),
    async read(offset, lengthBytes) {
      if (offset === lastOffset) {
        reached.resolve();
        await promise;
      }
      return bytes.slice(offset, offset + lengthBytes);
    },
  };
  return { source, reached: reached.promise, letGo: resolve };
}

async function expectToBeWhole(store: TemporaryStore): Promise<void> {
  expect((await store.store().verify()).problems).toEqual([]);
  await store.store().prune(new Set());
  expect((await store.store().usage()).reclaimableBytes).toBe(0);
  await store.reopen();
  expect((await store.store().verify()).problems).toEqual([]);
}

test('a flush that fails in the background fails the capture, though the flush at commit succeeds', async () => {
  await using store = await temporaryStore(segmentBytesMax);
  const bytes = randomBytes(80 * blockSizeBytes);
  await failNextFlush();
  await expect(store.capture('map-a', bytesSource(bytes))).rejects.toMatchObject(isFailedFlush);
  expect(await store.store().list()).toEqual([]);
  expect((await store.capture('map-a', bytesSource(bytes))).addedBytes).toBeGreaterThan(0);
  expect(bytes.equals(await store.readAll('map-a'))).toBe(true);
  await expectToBeWhole(store);
  expect(bytes.equals(await store.readAll('map-a'))).toBe(true);
});

test('a failed flush fails every capture under way, and none that begins later', async () => {
  await using store = await temporaryStore(segmentBytesMax);
  const kept = randomBytes(3 * blockSizeBytes);
  await store.capture('map-kept', bytesSource(kept));
  const [left, right] = [randomBytes(3 * blockSizeBytes), randomBytes(3 * blockSizeBytes)];
  const [first, second] = [heldSource(left), heldSource(right)];
  const captures = [store.capture('map-a', first.source), store.capture('map-b', second.source)];
  const [captureA, captureB] = captures.map((each) =>
    expect(each).rejects.toMatchObject(isFailedFlush),
  );
  await Promise.all([first.reached, second.reached]);
  await failNextFlush();
  first.letGo();
  await captureA;
  const later = heldSource(left);
  const captureC = store.capture('map-c', later.source);
  await later.reached;
  second.letGo();
  await captureB;
  later.letGo();
  // Nothing that the failed captures wrote counts as stored.
  expect((await captureC).addedBytes).toBeGreaterThanOrEqual(left.length);
  expect((await store.store().list()).toSorted()).toEqual(['map-c', 'map-kept']);
  expect(left.equals(await store.readAll('map-c'))).toBe(true);
  expect(kept.equals(await store.readAll('map-kept'))).toBe(true);
  await expectToBeWhole(store);
});

test('what was not flushed is cut off the file, so that no later start counts it as stored', async () => {
  await using store = await temporaryStore(segmentBytesMax);
  const kept = randomBytes(2 * blockSizeBytes);
  const lost = randomBytes(2 * blockSizeBytes);
  await store.capture('map-kept', bytesSource(kept));
  const sizesBefore = await segmentSizes(store.directory);
  await failNextFlush();
  await expect(store.capture('map-lost', bytesSource(lost))).rejects.toBeInstanceOf(
    FlushFailedError,
  );
  expect(await segmentSizes(store.directory)).toEqual(sizesBefore);
  await store.reopen();
  expect(await store.capture('map-lost', bytesSource(lost))).toMatchObject({ blockCount: 2 });
  expect(lost.equals(await store.readAll('map-lost'))).toBe(true);
  expect(kept.equals(await store.readAll('map-kept'))).toBe(true);
});

test('a segment whose first flush fails is removed', async () => {
  await using store = await temporaryStore(segmentBytesMax);
  await failNextFlush();
  const capture = store.capture('map-a', bytesSource(randomBytes(blockSizeBytes)));
  await expect(capture).rejects.toBeInstanceOf(FlushFailedError);
  expect(await segmentSizes(store.directory)).toEqual([]);
});

test('whatever flushes fail and lose their data, every map that is made is whole', async () => {
  await using store = await temporaryStore(2 * MiB);
  const disks = Array.from({ length: 4 }, () => randomBytes(5 * blockSizeBytes));
  const made = new Map<BlockMapId, Uint8Array>();
  const outcomes = { made: 0, failed: 0 };
  const capture = async (mapId: BlockMapId, bytes: Uint8Array) => {
    const done = await store.capture(mapId, bytesSource(bytes)).then(
      () => true,
      () => false,
    );
    outcomes[done ? 'made' : 'failed'] += 1;
    if (done) made.set(mapId, bytes);
  };
  await loseUnflushed(() => randomInt(8) === 0);
  for (let round = 0; round < 12; round += 1) {
    const two = [disks[round % 4], disks[randomInt(4)]];
    const captures = two.map((bytes, at) =>
      capture(`map-${round}-${at}`, bytes ?? Buffer.alloc(0)),
    );
    const remove = new Set(made.keys().filter(() => randomInt(2) === 0));
    for (const mapId of remove) made.delete(mapId);
    await Promise.all([
      ...captures,
      store
        .store()
        .prune(remove)
        .catch(() => {}),
    ]);
  }
  vi.restoreAllMocks();
  await store.reopen();
  expect((await store.store().verify()).problems).toEqual([]);
  for (const [mapId, bytes] of made) {
    expect(Buffer.compare(await store.readAll(mapId), bytes)).toBe(0);
  }
  console.log(`${outcomes.made} captures made, ${outcomes.failed} failed`);
  expect(outcomes.made).toBeGreaterThan(0);
});

test('a map whose name did not become durable leaves no file for the next start to find', async () => {
  await using store = await temporaryStore(segmentBytesMax);
  await store.capture('map-a', bytesSource(randomBytes(blockSizeBytes)));
  await failNextFolderSync();
  const capture = store.capture('map-b', bytesSource(randomBytes(blockSizeBytes)));
  await expect(capture).rejects.toThrow('EIO');
  await store.store().prune(new Set());
  await store.reopen();
  expect(await store.store().list()).toEqual(['map-a']);
  expect((await store.store().verify()).problems).toEqual([]);
});

async function segmentSizes(directory: string): Promise<number[]> {
  const sizes: number[] = [];
  for (const folder of ['segments', 'tail'].map((name) => join(directory, name))) {
    for (const name of (await readdir(folder)).filter((each) => each.endsWith('.seg')).sort()) {
      await using file = await open(join(folder, name));
      const header = await file.read(Buffer.alloc(32), 0, 32, 0);
      // Of chunks: what the test writes.
      if (header.buffer.readUInt32BE(24) === 0) sizes.push((await file.stat()).size);
    }
  }
  return sizes.sort((left, right) => left - right);
}
