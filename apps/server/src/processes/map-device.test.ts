import { systemClock } from '@bakehouse/base';
import { GuestReads, type MapReader } from '@bakehouse/blockstore';
import type { BlockMapId } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { mapDevices } from './map-device.ts';

const mapId = 'map-0123456789abcdef0';
const noGuests = { open: () => Promise.reject(new Error('no machine opens it')) };

/** A store that opens a map when the test resolves its promise. */
function slowStore() {
  const opening: PromiseWithResolvers<MapReader>[] = [];
  const reader: MapReader = {
    sizeBytes: 1024,
    blockSizeBytes: 512 * 1024,
    read: () => Promise.reject(new Error('not asked for')),
    readBlock: () => Promise.resolve(undefined),
    readAhead: () => Promise.resolve(false),
    peekBlock: () => 'zeros',
    async *runs(first, end) {
      yield { first, end, isZeros: true };
    },
  };
  const store = {
    find: async (id: BlockMapId) =>
      id === mapId
        ? ({ mapId: id, sizeBytes: 1024, blockCount: 0, readBytes: 0, addedBytes: 0 } as const)
        : undefined,
    openMap() {
      const next = Promise.withResolvers<MapReader>();
      opening.push(next);
      return next.promise;
    },
  };
  const { open } = mapDevices(store, noGuests);
  return { open, opening, reader };
}

test('connections that read the same map share it, until the last one closes', async () => {
  const { open, opening, reader } = slowStore();
  const both = [open(mapId), open(mapId)];
  await expect.poll(() => opening.length).toBe(1);
  opening[0]?.resolve(reader);
  const [first, second] = await Promise.all(both);
  await first?.close();
  const third = await open(mapId);
  expect(third?.read(0, 512)).toEqual([{ zeroBytes: 512 }]);
  expect(opening).toHaveLength(1);
  await second?.close();
  await third?.close();
  const fourth = open(mapId);
  await expect.poll(() => opening.length).toBe(2);
  opening[1]?.resolve(reader);
  await (await fourth)?.close();
});

test('a map that cannot be read fails all that wait for it; the next one tries again', async () => {
  const { open, opening, reader } = slowStore();
  const failing = [open(mapId), open(mapId)].map((each) => expect(each).rejects.toThrow('damaged'));
  await expect.poll(() => opening.length).toBe(1);
  opening[0]?.reject(new Error('damaged'));
  await Promise.all(failing);
  const again = open(mapId);
  await expect.poll(() => opening.length).toBe(2);
  opening[1]?.resolve(reader);
  expect((await again)?.sizeBytes).toBe(1024);
});

test('a name of no map, or of one that does not exist, is no disk', async () => {
  const { open, opening } = slowStore();
  expect(await open('../etc/passwd')).toBeUndefined();
  expect(await open('map-0000000000000000f')).toBeUndefined();
  expect(opening).toEqual([]);
});

const blockBytes = 512 * 1024;

/** A map of five blocks and a half, of which some are zeros. */
function patternReader(isZeros: (blockIndex: number) => boolean): MapReader {
  const sizeBytes = 5.5 * blockBytes;
  return {
    sizeBytes,
    blockSizeBytes: blockBytes,
    read: () => Promise.reject(new Error('not asked for')),
    readAhead: async () => false,
    readBlock: async (index) => (isZeros(index) ? undefined : Buffer.alloc(blockBytes, index + 1)),
    peekBlock: (index) => (isZeros(index) ? 'zeros' : 'not-cached'),
    async *runs(first, end) {
      for (let index = first; index < end; index += 1) {
        yield { first: index, end: index + 1, isZeros: isZeros(index) };
      }
    },
  };
}

async function patternDisk() {
  const reader = patternReader((index) => index === 1 || index === 5);
  const store = {
    find: async (id: BlockMapId) => ({
      mapId: id,
      sizeBytes: reader.sizeBytes,
      blockCount: 4,
      readBytes: 0,
      addedBytes: 0,
    }),
    openMap: async () => reader,
  };
  const { open } = mapDevices(store, noGuests);
  const device = await open(mapId);
  if (device?.extents === undefined) throw new Error('the device has extents');
  return { ...device, extents: device.extents };
}

test('extents begin where the range does and end with it, also within a block', async () => {
  const { extents } = await patternDisk();
  const span = { offset: 100, lengthBytes: 2.5 * blockBytes };
  expect(await extents(span, 10)).toEqual([
    { lengthBytes: blockBytes - 100, zero: false },
    { lengthBytes: blockBytes, zero: true },
    { lengthBytes: 0.5 * blockBytes + 100, zero: false },
  ]);
  expect(await extents(span, 1)).toEqual([{ lengthBytes: blockBytes - 100, zero: false }]);
  const last = { offset: 5 * blockBytes, lengthBytes: 0.5 * blockBytes };
  expect(await extents(last, 10)).toEqual([{ lengthBytes: 0.5 * blockBytes, zero: true }]);
});

test('a read over several blocks has a piece of each, and zeros are not copied', async () => {
  const { read } = await patternDisk();
  const pieces = await read(blockBytes - 10, blockBytes + 20);
  expect(pieces.map((each) => ('zeroBytes' in each ? each : [each.length, each[0]]))).toEqual([
    [10, 1],
    { zeroBytes: blockBytes },
    [10, 3],
  ]);
});

test("a machine's reads are counted, those that waited apart, and its volume is released once", async () => {
  const orders = { find: async () => undefined, keep: async () => {} };
  const reads = new GuestReads({ orders, clock: systemClock });
  const cached = new Set<number>();
  const pattern = patternReader((index) => index === 1);
  const reader: MapReader = {
    ...pattern,
    async readBlock(index) {
      cached.add(index);
      return await pattern.readBlock(index);
    },
    peekBlock(index) {
      if (index === 1) return 'zeros';
      return cached.has(index) ? Buffer.alloc(blockBytes, index + 1) : 'not-cached';
    },
  };
  const summary = { sizeBytes: reader.sizeBytes, blockCount: 4, readBytes: 0, addedBytes: 0 };
  const { openFor } = mapDevices(
    { find: async (id) => ({ mapId: id, ...summary }), openMap: async () => reader },
    reads,
  );
  const volumeId = 'vol-00000000000000001';
  const device = await openFor(mapId, volumeId);
  await device?.read(0, 512);
  expect(device?.read(0, 4096)).toEqual([Buffer.alloc(4096, 1)]);
  expect(device?.read(blockBytes, 1024)).toEqual([{ zeroBytes: 1024 }]);
  await device?.read(blockBytes - 512, blockBytes + 1024);
  const [counted] = await reads.ofVolumes([volumeId]);
  const bytes = 512 + 4096 + 1024 + blockBytes + 1024;
  expect(counted?.total).toMatchObject({ reads: 4, bytes, newBlocks: 2, waits: 2 });
  await device?.close();
  const again = await openFor(mapId, volumeId);
  expect((await reads.ofVolumes([volumeId]))[0]?.total.reads).toBe(0);
  await again?.close();
});
