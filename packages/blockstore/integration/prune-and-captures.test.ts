import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BlockMapId } from '@bakehouse/domain';
import { afterEach, expect, test, vi } from 'vitest';
import { FolderFiles } from '../src/files/folder-files.ts';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { MapCatalogue } from '../src/maps/map-catalogue.ts';
import { bytesSource } from './support/bytes-source.ts';
import { type TemporaryStore, temporaryStore } from './support/temporary-store.ts';

afterEach(() => vi.restoreAllMocks());

const aBlock = () => randomBytes(blockSizeBytes);

const removeMaps = (store: TemporaryStore, ...mapIds: readonly BlockMapId[]) =>
  store.store().prune(new Set(mapIds));

/** The store has just these disks, and no problem, also when it is opened again. */
async function expectDisks(store: TemporaryStore, disks: Readonly<Record<BlockMapId, Buffer>>) {
  await store.reopen();
  expect((await store.store().verify()).problems).toEqual([]);
  expect([...(await store.store().list())].sort()).toEqual(Object.keys(disks).sort());
  for (const mapId of await store.store().list()) {
    expect(disks[mapId]?.equals(await store.readAll(mapId))).toBe(true);
  }
}

/** Calls `work` each time when a prune has copied what it knows to be needed, before it deletes the originals. */
function afterEachCopy(store: TemporaryStore, work: (time: number) => Promise<void>) {
  const { adopt } = FolderFiles.prototype;
  const copies = join(store.directory, 'tmp');
  let times = 0;
  vi.spyOn(FolderFiles.prototype, 'adopt').mockImplementation(async function (
    this: FolderFiles,
    name,
    localPath,
  ) {
    await adopt.call(this, name, localPath);
    if (!name.startsWith('segments/') || !localPath.startsWith(copies)) return;
    times += 1;
    await work(times);
  });
}

test('a prune keeps chunks that a capture reuses after their segment was copied', async () => {
  await using store = await temporaryStore();
  const [first, second, kept] = [aBlock(), aBlock(), aBlock()];
  await store.capture('map-first', bytesSource(first));
  await store.capture('map-second', bytesSource(second));
  // Behind the others: otherwise the end of the segment would be cut off, which copies nothing.
  await store.capture('map-kept', bytesSource(kept));
  const added: number[] = [];
  afterEachCopy(store, async (time) => {
    const reused = [first, second][time - 1];
    if (reused === undefined) return;
    const { addedBytes } = await store.capture(`map-again-${time}`, bytesSource(reused));
    added.push(addedBytes);
  });
  const { removedMaps, removedChunks } = await removeMaps(store, 'map-first', 'map-second');
  expect({ removedMaps, removedChunks }).toEqual({ removedMaps: 2, removedChunks: 0 });
  expect(added).toEqual([0, 0]);
  const again = { 'map-again-1': first, 'map-again-2': second };
  await expectDisks(store, { ...again, 'map-kept': kept });
});

/** Removes the map once it has been read, and before the reader gets it. */
function removeWhenRead(store: TemporaryStore, mapId: BlockMapId) {
  const { read } = MapCatalogue.prototype;
  vi.spyOn(MapCatalogue.prototype, 'read').mockImplementationOnce(async function (
    this: MapCatalogue,
    id,
  ) {
    const opened = await read.call(this, id);
    expect(id).toBe(mapId);
    expect(await removeMaps(store, mapId)).toMatchObject({ removedMaps: 1, removedChunks: 1 });
    return opened;
  });
}

test.each([
  [
    'capture',
    (store: TemporaryStore, base: Buffer) =>
      store.capture('map-new', bytesSource(base, []), { baseMapId: 'map-base' }),
  ],
  [
    'draft',
    (store: TemporaryStore, { length: sizeBytes }: Buffer) =>
      store.store().begin({ mapId: 'map-new', sizeBytes, baseMapId: 'map-base' }),
  ],
])('a %s whose base is pruned while it is read is refused', async (_, begin) => {
  await using store = await temporaryStore();
  const base = aBlock();
  await store.capture('map-base', bytesSource(base));
  removeWhenRead(store, 'map-base');
  await expect(begin(store, base)).rejects.toMatchObject({
    name: 'MapMissingError',
    message: expect.stringContaining('map-base'),
  });
  expect(await store.store().list()).toEqual([]);
});

test('a draft that is being sealed is not pruned', async () => {
  await using store = await temporaryStore();
  const block = aBlock();
  await store.store().begin({ mapId: 'map-draft', sizeBytes: block.length });
  await store.store().writeBlock('map-draft', 0, block);
  const { add } = MapCatalogue.prototype;
  vi.spyOn(MapCatalogue.prototype, 'add').mockImplementationOnce(async function (
    this: MapCatalogue,
    head,
  ) {
    expect(await removeMaps(store, 'map-draft')).toMatchObject({ removedMaps: 0 });
    return add.call(this, head);
  });
  await store.store().seal('map-draft');
  await expectDisks(store, { 'map-draft': block });
});

test('a map that a repeated capture returns is not pruned before it has returned', async () => {
  await using store = await temporaryStore();
  const block = aBlock();
  const captured = await store.capture('map-a', bytesSource(block));
  const { find } = MapCatalogue.prototype;
  vi.spyOn(MapCatalogue.prototype, 'find').mockImplementationOnce(async function (
    this: MapCatalogue,
    mapId,
  ) {
    const found = await find.call(this, mapId);
    expect(await removeMaps(store, 'map-a')).toMatchObject({ removedMaps: 0 });
    return found;
  });
  expect(await store.capture('map-a', bytesSource(block))).toEqual(captured);
  await expectDisks(store, { 'map-a': block });
  expect(await removeMaps(store, 'map-a')).toMatchObject({ removedMaps: 1 });
});
