import type { BlockMapReader } from '@bakehouse/blockstore';
import type { BlockMapId } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { mapDevices } from './map-device.ts';

const mapId = 'map-0123456789abcdef0';

/** A store whose maps are opened when the test says so. */
function slowStore() {
  const opening: PromiseWithResolvers<BlockMapReader>[] = [];
  const reader: BlockMapReader = {
    sizeBytes: 1024,
    blockSizeBytes: 512 * 1024,
    read: () => Promise.reject(new Error('not asked for')),
    readBlock: () => Promise.resolve(undefined),
    peekBlock: () => 'zeros',
    hasBlock: () => false,
  };
  const open = mapDevices({
    find: async (id: BlockMapId) =>
      id === mapId
        ? { mapId: id, sizeBytes: 1024, blockCount: 0, readBytes: 0, addedBytes: 0 }
        : undefined,
    openMap() {
      const next = Promise.withResolvers<BlockMapReader>();
      opening.push(next);
      return next.promise;
    },
  });
  return { open, opening, reader };
}

test('connections that read the same map share it, and the last one lets it go', async () => {
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

test('a map that cannot be read fails those who wait for it; the next one tries again', async () => {
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

test('what is no map, or none that is there, is no disk', async () => {
  const { open, opening } = slowStore();
  expect(await open('../etc/passwd')).toBeUndefined();
  expect(await open('map-0000000000000000f')).toBeUndefined();
  expect(opening).toEqual([]);
});
