import type { BlockMapId } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { FileMissingError, type StoreFiles, UnreadableBytesError } from '../files/store-files.ts';
import { headName } from '../format/store-layout.ts';
import { MapCatalogue, mapError } from './map-catalogue.ts';
import { PageUnreadableError } from './map-tree.ts';

const mapId: BlockMapId = 'map-1';
const noPages = {
  peek: () => undefined,
  read: () => Promise.reject(new Error('has no pages')),
};

/** A catalogue of one map, or of this list of files, that are read like this. */
async function catalogue(
  readInto: StoreFiles['readInto'],
  names: readonly string[] = [headName(mapId).slice('maps/'.length)],
) {
  const removed: string[] = [];
  const files: StoreFiles = {
    list: async () => names,
    readInto,
    publish: async () => {},
    adopt: async () => {},
    sizeOf: async () => 0,
    remove: async (gone) => {
      removed.push(...gone);
    },
    close: async () => {},
  };
  const maps = new MapCatalogue(files, noPages);
  await maps.open();
  return { maps, removed };
}

test.each([new FileMissingError('maps/map-1'), new UnreadableBytesError('maps/map-1', 0)])(
  'a head that is missing or cannot be read is damage: %s',
  async (cause) => {
    const { maps } = await catalogue(() => Promise.reject(cause));
    await expect(maps.read(mapId)).rejects.toMatchObject({ name: 'MapDamagedError', mapId, cause });
  },
);

test('an error that says nothing about the map is thrown as it is', async () => {
  const error = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  const { maps } = await catalogue(() => Promise.reject(error));
  await expect(maps.read(mapId)).rejects.toBe(error);
  await expect(maps.find(mapId)).rejects.toBe(error);
});

test('a page that cannot be read is damage of the map, with its cause; other errors stay', () => {
  const cause = new PageUnreadableError('0123', 'is in no segment');
  expect(mapError(mapId, cause)).toMatchObject({ name: 'MapDamagedError', mapId, cause });
  const other = new Error('too many open files');
  expect(mapError(mapId, other)).toBe(other);
});

test('a head that is missing as the map was removed is a missing map', async () => {
  const { maps } = await catalogue(async (name) => {
    await maps.remove([mapId]);
    throw new FileMissingError(name);
  });
  await expect(maps.read(mapId)).rejects.toMatchObject({ name: 'MapMissingError' });
});

test('opening removes a flat map that has a head, and nothing else', async () => {
  const { maps, removed } = await catalogue(
    () => Promise.reject(new Error('not read')),
    ['map-1', 'map-1.head', 'map-2', 'map-3.head', 'other file'],
  );
  expect(removed).toEqual(['maps/map-1']);
  expect(maps.ids()).toEqual(['map-1', 'map-2', 'map-3']);
  expect(maps.flatIds()).toEqual(['map-2']);
});
