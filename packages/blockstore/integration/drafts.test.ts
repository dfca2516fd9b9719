import { hash, randomBytes } from 'node:crypto';
import { appendFile, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { contentIdHex } from '../src/format/content-id.ts';
import { draftEntryBytes, draftHeaderBytes } from '../src/format/draft-format.ts';
import { DraftFolder } from '../src/maps/draft-folder.ts';
import { MapCatalogue } from '../src/maps/map-catalogue.ts';
import { ContentIndex } from '../src/segments/content-index.ts';
import { MapDamagedError } from '../src/store-errors.ts';
import { bytesSource } from './support/bytes-source.ts';
import { failFlush } from './support/failing-flush.ts';
import { failReads } from './support/failing-reads.ts';
import { type TemporaryStore, temporaryStore } from './support/temporary-store.ts';

afterEach(() => vi.restoreAllMocks());

const mapId = 'map-draft';
const sizeBytes = 100 * blockSizeBytes;
const pathOf = (store: TemporaryStore) => join(store.directory, 'drafts', mapId);

/** A draft with these blocks, each of noise. */
async function begun(indexes: readonly number[]) {
  const store = await temporaryStore();
  await store.store().begin({ mapId, sizeBytes });
  const blocks = new Map(indexes.map((index) => [index, randomBytes(blockSizeBytes)]));
  for (const [index, block] of blocks) await store.store().writeBlock(mapId, index, block);
  return { ...store, blocks };
}

/** A draft over a disk of one block, with that block and another one written; `other` is a draft of its own. */
async function begunOverBase() {
  const store = await temporaryStore();
  const base = randomBytes(blockSizeBytes);
  await store.capture('map-base', bytesSource(base));
  await store.store().begin({ mapId, sizeBytes, baseMapId: 'map-base' });
  for (const index of [0, 70]) {
    await store.store().writeBlock(mapId, index, randomBytes(blockSizeBytes));
  }
  await store.store().begin({ mapId: 'map-other', sizeBytes });
  await store.store().writeBlock('map-other', 0, randomBytes(blockSizeBytes));
  return store;
}

/** Seals the draft when what was written to it is looked at for this time: 1 is the first. */
function sealAtLook(store: TemporaryStore, time: number) {
  const { written } = DraftFolder.prototype;
  let looks = 0;
  vi.spyOn(DraftFolder.prototype, 'written').mockImplementation(async function* (
    this: DraftFolder,
    id,
  ) {
    if (id === mapId) looks += 1;
    if (id === mapId && looks === time) await store.store().seal(mapId);
    yield* written.call(this, id);
  });
}

async function expectSealed({ store, blocks }: Awaited<ReturnType<typeof begun>>) {
  await store().seal(mapId, { writtenBlocks: blocks.size });
  for (const [index, block] of blocks) {
    expect(Buffer.from((await store().readBlock(mapId, index)) ?? []).equals(block)).toBe(true);
  }
  expect((await store().verify()).problems).toEqual([]);
}

test('a draft is there after a restart, and after a prune; a torn entry at its end is cut off', async () => {
  const draft = await begun([0, 7, 99]);
  await using _store = draft;
  await draft.close();
  const size = (await stat(pathOf(draft))).size;
  await appendFile(pathOf(draft), Buffer.alloc(draftEntryBytes + 5, 3));
  await draft.reopen();
  expect((await stat(pathOf(draft))).size).toBe(size);
  expect(await draft.store().prune(new Set())).toMatchObject({ removedChunks: 0 });
  await expectSealed(draft);
});

test('closing waits for what is being written to drafts, and refuses what comes later', async () => {
  const draft = await begun([]);
  await using _store = draft;
  const store = draft.store();
  const ended: string[] = [];
  const indexes = Array.from({ length: 60 }, (_, index) => index);
  const writing = indexes.map(async (index) => {
    const block = randomBytes(blockSizeBytes);
    draft.blocks.set(index, block);
    await store.writeBlock(mapId, index, block);
    ended.push('write');
  });
  const beginning = store.begin({ mapId: 'map-other', sizeBytes }).then(() => ended.push('begin'));
  const closing = draft.close().then(() => ended.push('close'));
  const later = [
    store.writeBlock(mapId, 70, randomBytes(blockSizeBytes)),
    store.begin({ mapId: 'map-late', sizeBytes }),
    store.seal(mapId),
  ];
  for (const outcome of await Promise.allSettled(later)) {
    expect(outcome).toMatchObject({ reason: { message: 'the block store is closing' } });
  }
  await Promise.all([...writing, beginning, closing]);
  expect([ended.length, ended.at(-1)]).toEqual([indexes.length + 2, 'close']);
  await draft.reopen();
  expect(await draft.store().list()).toEqual([mapId, 'map-other']);
  await expectSealed(draft);
});

test('a draft that is sealed while it is begun again is not begun a second time', async () => {
  await using draft = await begunOverBase();
  const { read } = MapCatalogue.prototype;
  vi.spyOn(MapCatalogue.prototype, 'read').mockImplementationOnce(async function (
    this: MapCatalogue,
    ...args
  ) {
    await draft.store().seal(mapId, { writtenBlocks: 2 });
    return read.apply(this, args);
  });
  const message = expect.stringContaining('is sealed already');
  const isSealed = { name: 'DraftConflictError', message };
  const again = draft.store().begin({ mapId, sizeBytes, baseMapId: 'map-base' });
  await expect(again).rejects.toMatchObject(isSealed);
  const write = draft.store().writeBlock(mapId, 1, randomBytes(blockSizeBytes));
  await expect(write).rejects.toMatchObject(isSealed);
  expect((await draft.store().list()).toSorted()).toEqual(['map-base', mapId, 'map-other']);
});

test('an entry that is damaged before others is reported, and sealing refuses it', async () => {
  const draft = await begun([0, 7, 99]);
  await using _store = draft;
  await draft.close();
  const bytes = await readFile(pathOf(draft));
  bytes[draftHeaderBytes + 3] = 1;
  await writeFile(pathOf(draft), bytes);
  await draft.reopen();
  const isDamaged = { name: 'MapDamagedError', mapId };
  await expect(draft.store().seal(mapId)).rejects.toMatchObject(isDamaged);
  expect((await draft.store().verify()).problems).toMatchObject([
    { what: 'map', name: mapId, usedBy: [mapId] },
  ]);
  await expect(draft.store().prune(new Set())).rejects.toMatchObject(isDamaged);
  await draft.store().prune(new Set([mapId]));
  expect((await draft.store().verify()).problems).toEqual([]);
  expect((await draft.store().usage()).liveBytes).toBe(0);
});

test('a draft with a damaged header is reported and can be removed', async () => {
  const draft = await begun([0]);
  await using _store = draft;
  await draft.close();
  await using file = await open(pathOf(draft), 'r+');
  await file.write(Buffer.of(0xff), 0, 1, 50);
  await draft.reopen();
  expect(await draft.store().list()).toEqual([mapId]);
  const isDamaged = { name: 'MapDamagedError', mapId };
  const write = draft.store().writeBlock(mapId, 1, randomBytes(blockSizeBytes));
  await expect(write).rejects.toMatchObject(isDamaged);
  expect((await draft.store().verify()).problems).toMatchObject([{ what: 'map', name: mapId }]);
  expect(await draft.store().prune(new Set([mapId]))).toMatchObject({ removedMaps: 1 });
  expect(await draft.store().list()).toEqual([]);
});

test.each([
  ['header', 8],
  ['last entry', draftHeaderBytes + draftEntryBytes + 4],
])(
  'a store opens with a draft whose %s is on a bad sector; that draft is damaged',
  async (_, bad) => {
    const draft = await begun([0, 7]);
    await using _store = draft;
    await draft.close();
    const reads = await failReads(pathOf(draft), [bad]);
    await draft.reopen();
    const isDamaged = { name: 'MapDamagedError', mapId };
    await expect(draft.store().seal(mapId)).rejects.toMatchObject(isDamaged);
    expect((await draft.store().verify()).problems).toMatchObject([
      { what: 'map', name: mapId, usedBy: [mapId] },
    ]);
    // Nothing was cut off: what the disk reads again is there again.
    reads.mockRestore();
    await draft.reopen();
    await expectSealed(draft);
  },
);

test('a bad sector that shows after the start is damage of the draft', async () => {
  const draft = await begun([0, 7]);
  await using _store = draft;
  await failReads(pathOf(draft), [draftHeaderBytes]);
  const isDamaged = { name: 'MapDamagedError', mapId };
  await expect(draft.store().prune(new Set())).rejects.toMatchObject(isDamaged);
});

test.each(['before it is read', 'while it is read'])(
  'a draft that is sealed while a prune marks, %s, keeps its chunks',
  async (when) => {
    const draft = await begun([0, 7, 99]);
    await using _store = draft;
    const garbage = bytesSource(randomBytes(blockSizeBytes));
    await draft.capture('map-1', bytesSource(randomBytes(blockSizeBytes)));
    await draft.capture('map-2', garbage);
    const seal = () => draft.store().seal(mapId);
    if (when === 'before it is read') {
      // Maps come first.
      const { read } = MapCatalogue.prototype;
      vi.spyOn(MapCatalogue.prototype, 'read').mockImplementationOnce(async function (
        this: MapCatalogue,
        ...args
      ) {
        await seal();
        return read.apply(this, args);
      });
    } else {
      sealAtLook(draft, 1);
    }
    expect(await draft.store().prune(new Set(['map-2']))).toMatchObject({ removedChunks: 1 });
    expect(await draft.store().find(mapId)).toBeDefined();
    await draft.reopen();
    await expectSealed(draft);
  },
);

test.each([
  ['is checked', 1],
  ['is looked at for its problems', 2],
])(
  'a draft that is sealed while verify reads it, when it %s, is checked and named all the same',
  async (_, look) => {
    await using draft = await temporaryStore();
    const base = randomBytes(blockSizeBytes);
    const lost = hash('sha256', base);
    await draft.capture('map-base', bytesSource(base));
    await draft.store().begin({ mapId, sizeBytes, baseMapId: 'map-base' });
    await draft.store().writeBlock(mapId, 70, randomBytes(blockSizeBytes));
    await draft.store().prune(new Set(['map-base']));
    const { has } = ContentIndex.prototype;
    vi.spyOn(ContentIndex.prototype, 'has').mockImplementation(function (this: ContentIndex, id) {
      return contentIdHex(id) !== lost && has.call(this, id);
    });
    sealAtLook(draft, look);
    const { checkedMaps, problems } = await draft.store().verify();
    expect(await draft.store().find(mapId)).toBeDefined();
    expect(checkedMaps).toBe(1);
    expect(problems).toEqual([
      { what: 'chunk', name: lost, problem: 'no segment holds it', usedBy: [mapId] },
    ]);
  },
);

test('a draft that is sealed while the usage is added up counts as the map that it becomes', async () => {
  await using draft = await begunOverBase();
  sealAtLook(draft, 1);
  const usage = await draft.store().usage();
  expect(await draft.store().find(mapId)).toBeDefined();
  expect(usage.maps.map((map) => map.mapId)).toEqual(['map-base', mapId, 'map-other']);
  expect(usage).toEqual(await draft.store().usage());
});

test('the base of a damaged draft is not counted for another one', async () => {
  await using draft = await begunOverBase();
  await draft.close();
  const bytes = await readFile(pathOf(draft));
  bytes[draftHeaderBytes + 3] = 1;
  await writeFile(pathOf(draft), bytes);
  await draft.reopen();
  const { maps, held } = await draft.store().usage();
  expect(maps.map((map) => map.mapId)).toEqual(['map-base', 'map-other']);
  const places = held.flatMap((each) => each.maps.map(({ first, end }) => `${first}-${end}`));
  expect(places.sort()).toEqual(['0-1', '1-2']);
});

test('what a damaged draft has before its bad entry is not counted for another one', async () => {
  await using draft = await begunOverBase();
  const { written } = DraftFolder.prototype;
  // As after a first batch of entries.
  vi.spyOn(DraftFolder.prototype, 'written').mockImplementation(async function* (
    this: DraftFolder,
    id,
  ) {
    for await (const entry of written.call(this, id)) {
      yield entry;
      if (id === mapId) throw new MapDamagedError(mapId, 'a bad entry');
    }
  });
  const { maps, held } = await draft.store().usage();
  expect(maps.map((map) => map.mapId)).toEqual(['map-base', 'map-other']);
  const other = held.find((each) => each.maps.some(({ first }) => first === 1));
  // One block of noise and what is stored with it.
  expect(other?.bytes).toBeLessThan(1.5 * blockSizeBytes);
});

test('a draft whose file is missing is damaged, and can be removed', async () => {
  const draft = await begun([0, 7]);
  await using _store = draft;
  await rm(pathOf(draft));
  const isDamaged = { name: 'MapDamagedError', mapId, cause: { code: 'ENOENT' } };
  await expect(draft.store().seal(mapId)).rejects.toMatchObject(isDamaged);
  await expect(draft.store().prune(new Set())).rejects.toMatchObject(isDamaged);
  expect((await draft.store().verify()).problems).toMatchObject([
    { what: 'map', name: mapId, usedBy: [mapId] },
  ]);
  expect(await draft.store().prune(new Set([mapId]))).toMatchObject({ removedMaps: 1 });
  expect((await draft.store().verify()).problems).toEqual([]);
});

test('a write whose flush fails is not acknowledged, and can be repeated', async () => {
  const draft = await begun([0]);
  await using _store = draft;
  // Of the chunk, and, the next time, of the entry.
  for (const skipped of [0, 1]) {
    const block = randomBytes(blockSizeBytes);
    await failFlush(skipped);
    await expect(draft.store().writeBlock(mapId, 5 + skipped, block)).rejects.toThrow();
    vi.restoreAllMocks();
    await draft.store().writeBlock(mapId, 5 + skipped, block);
    draft.blocks.set(5 + skipped, block);
  }
  await draft.reopen();
  await expectSealed(draft);
});

test('writes that run while prunes do are kept', async () => {
  const draft = await begun([]);
  await using _store = draft;
  const writing = Array.from({ length: 30 }, async (_, index) => {
    const block = randomBytes(blockSizeBytes);
    await draft.store().writeBlock(mapId, index * 3, block);
    draft.blocks.set(index * 3, block);
  });
  for (let round = 0; round < 6; round += 1) await draft.store().prune(new Set());
  await Promise.all(writing);
  await draft.store().prune(new Set());
  await expectSealed(draft);
});

test('a write that comes while the draft is sealed is refused or is in the map', async () => {
  const draft = await begun([0, 1, 2]);
  await using _store = draft;
  const late = randomBytes(blockSizeBytes);
  const early = draft.store().writeBlock(mapId, 50, late);
  const sealing = draft.store().seal(mapId);
  const refused = expect(draft.store().writeBlock(mapId, 51, late)).rejects.toMatchObject({
    name: 'DraftConflictError',
  });
  await early;
  await refused;
  expect((await sealing).blockCount).toBe(4);
  expect(Buffer.from((await draft.store().readBlock(mapId, 50)) ?? []).equals(late)).toBe(true);
});
