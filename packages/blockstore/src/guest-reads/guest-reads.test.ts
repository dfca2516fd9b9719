import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '@bakehouse/base';
import type { BlockMapId, VolumeId } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CoderPool } from '../capture/coder-pool.ts';
import type { MapReader } from '../read/map-reader.ts';
import { aheadRunningMax } from './ahead-room.ts';
import { GuestReads } from './guest-reads.ts';
import type { ReadOrder } from './read-order.ts';

const mapId: BlockMapId = 'map-00000000000000001';
const volumeOf = (number: number): VolumeId => `vol-${String(number).padStart(17, '0')}`;
const upTo = (count: number, first = 0) => Array.from({ length: count }, (_, at) => first + at);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A map of 200 blocks whose last hundred are zeros; what was fetched is in memory. */
function memoryMap() {
  const cached = new Set<number>();
  const ahead: number[] = [];
  const hasData = (index: number) => index < 100;
  const map: MapReader = {
    sizeBytes: 200,
    blockSizeBytes: 1,
    read: () => Promise.reject(new Error('not asked for')),
    async readBlock(index) {
      if (!hasData(index)) return undefined;
      cached.add(index);
      return Buffer.of(index);
    },
    async readAhead(index) {
      if (!hasData(index) || cached.has(index)) return false;
      ahead.push(index);
      cached.add(index);
      return true;
    },
    peekBlock: (index) => {
      if (!hasData(index)) return 'zeros';
      return cached.has(index) ? Buffer.of(index) : 'not-cached';
    },
    async *runs(first, end) {
      yield { first, end, isZeros: false };
    },
  };
  return { map, ahead };
}

function guests(readsAhead = true) {
  const kept: { mapId: BlockMapId; order: ReadOrder }[] = [];
  const orders = {
    find: async () => kept.at(-1)?.order,
    async keep(id: BlockMapId, order: ReadOrder) {
      kept.push({ mapId: id, order });
    },
  };
  const reads = new GuestReads({ orders, clock: systemClock, readsAhead });
  /** Reads as a device does: what is in memory, or else the block. */
  const boot = async (number: number, blocks: readonly number[], memory = memoryMap()) => {
    const { reader, release } = await reads.open({ mapId, volumeId: volumeOf(number) }, memory.map);
    for (const block of blocks) {
      await vi.advanceTimersByTimeAsync(10);
      if (reader.peekBlock(block) === 'not-cached') {
        await reader.readBlock(block);
        reader.served(512, 1);
      } else reader.served(512);
    }
    return { release, ...memory };
  };
  const readsOf = async (number: number) => (await reads.ofVolumes([volumeOf(number)]))[0];
  return { reads, kept, boot, readsOf };
}

test('the first reads of a boot are kept in their order, and the next one is led by it', async () => {
  const { kept, boot, readsOf } = guests();
  const order = upTo(60).toReversed();
  const first = await boot(1, [...order, 150, ...order]);
  expect(kept).toEqual([]);
  await vi.advanceTimersByTimeAsync(20_100);
  expect(kept).toEqual([{ mapId, order: { launches: 1, blocks: order } }]);
  first.release();
  const second = await boot(2, order);
  expect(second.ahead).toEqual(order);
  expect((await readsOf(1))?.total).toMatchObject({
    reads: 121,
    newBlocks: 60,
    aheadBlocks: 0,
    waits: 60,
  });
  expect((await readsOf(2))?.total).toMatchObject({
    reads: 60,
    newBlocks: 60,
    aheadBlocks: 60,
    waits: 0,
  });
  second.release();
});

test('a boot that ends early is recorded when its volume is closed', async () => {
  const { kept, boot } = guests();
  const { release } = await boot(1, upTo(20));
  release();
  expect(kept.map(({ order }) => order.blocks)).toEqual([upTo(20)]);
});

test('reads of the first minutes have their times, and later ones are in the sum only', async () => {
  const { boot, readsOf } = guests();
  const begun = Date.now();
  const { map } = await boot(1, upTo(30));
  await vi.advanceTimersByTimeAsync(11 * 60_000);
  await boot(1, [0, 1, 2], { map, ahead: [] });
  const reads = await readsOf(1);
  expect(reads?.since).toBe(begun);
  expect(reads?.spans.reduce((sum, span) => sum + span.reads, 0)).toBe(30);
  expect(reads?.spans.every(({ from, to }) => from >= begun && to <= begun + 400)).toBe(true);
  expect(reads?.total.reads).toBe(33);
});

test('connections of one volume share its counts; opened again, it counts from zero', async () => {
  const { reads, boot, readsOf } = guests();
  const one = await boot(1, [1, 2, 3]);
  const two = await boot(1, [3, 4], one);
  expect((await readsOf(1))?.total).toMatchObject({ reads: 5, newBlocks: 4 });
  one.release();
  two.release();
  const three = await boot(1, [1]);
  expect((await readsOf(1))?.total.reads).toBe(1);
  expect(await reads.ofMaps()).toMatchObject([{ mapId, total: { reads: 6, newBlocks: 5 } }]);
  three.release();
});

test('a guest that departs from the order is recorded in its place, once in 20 s at most', async () => {
  const { kept, boot } = guests();
  (await boot(1, upTo(30))).release();
  (await boot(2, upTo(30, 60))).release();
  expect(kept).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(20_000);
  (await boot(3, upTo(30, 60))).release();
  expect(kept.at(-1)?.order).toEqual({ launches: 1, blocks: upTo(30, 60) });
});

test('a guest that stops reading holds no room for what was fetched ahead of it', async () => {
  const { kept, boot } = guests();
  (await boot(1, upTo(100))).release();
  expect(kept).toHaveLength(1);
  const idle = await Promise.all(upTo(8, 10).map((number) => boot(number, upTo(8))));
  expect(idle[0]?.ahead.length).toBeGreaterThan(8);
  await vi.advanceTimersByTimeAsync(61_000);
  const next = await boot(30, upTo(100));
  expect(next.ahead).toEqual(upTo(100));
});

test('the last 512 volumes and maps are known', async () => {
  const { reads, boot, readsOf } = guests();
  for (const number of upTo(600)) (await boot(number, [1])).release();
  expect(await readsOf(87)).toBeUndefined();
  expect((await readsOf(88))?.total.reads).toBe(1);
  expect(await reads.ofMaps()).toMatchObject([{ total: { reads: 600 } }]);
});

test('without read-ahead nothing is fetched that no guest asked for', async () => {
  const { boot, readsOf } = guests(false);
  (await boot(1, upTo(60))).release();
  const second = await boot(2, upTo(60));
  expect(second.ahead).toEqual([]);
  expect((await readsOf(2))?.total).toMatchObject({ newBlocks: 60, aheadBlocks: 0, waits: 60 });
});

test('a volume that is opened with another map is read from that one', async () => {
  const { reads } = guests();
  const volumeId = volumeOf(1);
  const first = await reads.open({ mapId, volumeId }, memoryMap().map);
  const other = { mapId: 'map-00000000000000002', volumeId } as const;
  const second = await reads.open(other, memoryMap().map);
  expect(second.reader).not.toBe(first.reader);
  second.reader.served(512);
  first.release();
  const { mapId: otherId } = other;
  expect(await reads.ofVolumes([volumeId])).toMatchObject([
    { mapId: otherId, total: { reads: 1 } },
  ]);
  second.release();
  expect(await reads.ofVolumes([volumeId])).toMatchObject([
    { mapId: otherId, total: { reads: 1 } },
  ]);
});

test('a reader that is closed takes no memory, and its counts stay', async () => {
  const { reads, readsOf } = guests();
  const opened = async () => {
    const volume = { mapId, volumeId: volumeOf(1) };
    const { reader, release } = await reads.open(volume, memoryMap().map);
    reader.served(512);
    release();
    return new WeakRef(reader);
  };
  const reader = await opened();
  vi.useRealTimers();
  // A weak reference holds what it refers to until the turn in which it was made is over.
  await new Promise(setImmediate);
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  expect(reader.deref()).toBeUndefined();
  expect((await readsOf(1))?.total.reads).toBe(1);
});

test('what all readers ahead have on their way leaves the coders a slot for what is waited for', () => {
  expect(new CoderPool(1).width).toBeGreaterThan(aheadRunningMax);
});
