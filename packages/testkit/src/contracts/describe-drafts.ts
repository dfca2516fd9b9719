import { createHash, hash } from 'node:crypto';
import type { BlockMapId } from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OpenedSnapshotStore, readWord } from './opened-snapshot-store.ts';

const base: BlockMapId = 'map-00000000000000001';
const draft: BlockMapId = 'map-00000000000000002';
const other: BlockMapId = 'map-00000000000000003';
const blockCount = 100;

/** The promises of `SnapshotStore` about maps that are written block by block. `open` makes an empty store. */
export function describeDrafts(name: string, open: () => Promise<OpenedSnapshotStore>): void {
  describe(`${name} writes drafts`, () => {
    let opened: OpenedSnapshotStore;
    let sizeBytes = 0;
    beforeEach(async () => {
      opened = await open();
      sizeBytes = blockCount * opened.blockBytes;
    });
    afterEach(() => opened.dispose());

    const blockOf = (word: string) => {
      const block = Buffer.alloc(opened.blockBytes);
      block.write(word);
      return block;
    };
    const write = (index: number, word: string, mapId = draft) =>
      opened.store.writeBlock(mapId, index, blockOf(word));
    const captureBase = async (words: ReadonlyMap<number, string>) => {
      const source = await opened.offer({ sizeBytes, blocks: words });
      await opened.store.capture({ mapId: base, source });
    };
    const words = (mapId: BlockMapId, indexes: readonly number[]) =>
      Promise.all(indexes.map((index) => readWord(opened, mapId, index)));

    test('a sealed draft is a map with the blocks that were written', async () => {
      const { store } = opened;
      await store.begin({ mapId: draft, sizeBytes });
      expect(await write(99, 'z')).toBe(hash('sha256', blockOf('z')));
      await write(0, 'a');
      await write(64, 'a');
      const summary = await store.seal(draft);
      expect(summary).toMatchObject({ mapId: draft, sizeBytes, blockCount: 3 });
      expect(summary.readBytes).toBe(3 * opened.blockBytes);
      expect(summary.addedBytes).toBeGreaterThan(0);
      expect(await store.find(draft)).toEqual(summary);
      expect(await words(draft, [0, 1, 64, 99])).toEqual(['a', undefined, 'a', 'z']);
      expect((await store.verify()).problems).toEqual([]);
    });

    test('blocks that are not written come from the base; the base may be pruned meanwhile', async () => {
      await captureBase(
        new Map([
          [0, 'a'],
          [1, 'b'],
          [2, 'c'],
          [70, 'd'],
        ]),
      );
      const { store } = opened;
      const request = { mapId: draft, sizeBytes, baseMapId: base };
      await store.begin(request);
      await store.prune(new Set([base]));
      expect(await store.list()).toEqual([draft]);
      const isMissing = { name: 'MapMissingError', mapId: base };
      await expect(store.begin(request)).rejects.toMatchObject(isMissing);
      await write(1, 'x');
      await write(2, '');
      const summary = await store.seal(draft);
      expect(summary.blockCount).toBe(3);
      expect(await words(draft, [0, 1, 2, 70])).toEqual(['a', 'x', undefined, 'd']);
      expect((await store.verify()).problems).toEqual([]);
    });

    test('of two writes of a block the later one counts', async () => {
      const { store } = opened;
      await store.begin({ mapId: draft, sizeBytes });
      for (const word of ['a', 'b', '', 'c']) await write(5, word);
      await write(6, 'd');
      await write(6, '');
      const summary = await store.seal(draft);
      expect(summary.blockCount).toBe(1);
      expect(await words(draft, [5, 6])).toEqual(['c', undefined]);
    });

    test('a draft is listed and held, but is no map before it is sealed', async () => {
      const { store } = opened;
      await store.begin({ mapId: draft, sizeBytes });
      await write(0, 'a');
      expect(await store.list()).toEqual([draft]);
      expect(await store.find(draft)).toBeUndefined();
      await expect(store.readBlock(draft, 0)).rejects.toMatchObject({ name: 'MapMissingError' });
      const usage = await store.usage();
      expect(usage.maps.map(({ mapId }) => mapId)).toEqual([draft]);
      expect(usage.reclaimableBytes).toBe(0);
      expect(usage.liveBytes).toBeGreaterThan(0);
      expect(await store.prune(new Set())).toMatchObject({ removedMaps: 0, removedChunks: 0 });
      await store.seal(draft);
      expect(await readWord(opened, draft, 0)).toBe('a');
    });

    test('prune removes a draft that it is asked to, with what only the draft had', async () => {
      const { store } = opened;
      await captureBase(new Map([[0, 'a']]));
      await store.begin({ mapId: draft, sizeBytes, baseMapId: base });
      await write(1, 'a');
      await write(2, 'only');
      const removed = await store.prune(new Set([draft]));
      expect(removed).toMatchObject({ removedMaps: 1, removedChunks: 1 });
      expect(await store.list()).toEqual([base]);
      await expect(write(3, 'b')).rejects.toMatchObject({ name: 'MapMissingError', mapId: draft });
      await expect(store.seal(draft)).rejects.toMatchObject({ name: 'MapMissingError' });
      expect(await readWord(opened, base, 0)).toBe('a');
    });

    test('beginning and sealing again change nothing', async () => {
      const { store } = opened;
      await captureBase(new Map([[0, 'a']]));
      const request = { mapId: draft, sizeBytes, baseMapId: base };
      await store.begin(request);
      await write(1, 'b');
      await store.begin(request);
      const summary = await store.seal(draft);
      expect(await store.seal(draft)).toEqual(summary);
      expect(await words(draft, [0, 1])).toEqual(['a', 'b']);
    });

    test('another size, another base, or a map that exists is a conflict', async () => {
      const { store } = opened;
      await captureBase(new Map([[0, 'a']]));
      await store.begin({ mapId: draft, sizeBytes });
      const isConflict = { name: 'DraftConflictError', mapId: draft };
      const larger = store.begin({ mapId: draft, sizeBytes: 2 * sizeBytes });
      await expect(larger).rejects.toMatchObject(isConflict);
      const based = store.begin({ mapId: draft, sizeBytes, baseMapId: base });
      await expect(based).rejects.toMatchObject(isConflict);
      await store.seal(draft);
      await expect(store.begin({ mapId: draft, sizeBytes })).rejects.toMatchObject(isConflict);
      await expect(write(0, 'b')).rejects.toMatchObject(isConflict);
      const onNothing = store.begin({
        mapId: other,
        sizeBytes,
        baseMapId: 'map-0000000000000000f',
      });
      await expect(onNothing).rejects.toMatchObject({ name: 'MapMissingError' });
    });

    test.each([-1, 1.5, blockCount])(
      'a write of block %d of a disk of 100 is a conflict',
      async (index) => {
        await opened.store.begin({ mapId: draft, sizeBytes });
        const isConflict = { name: 'DraftConflictError', mapId: draft };
        await expect(write(index, 'a')).rejects.toMatchObject(isConflict);
      },
    );

    test('a write of less or more than a block is refused', async () => {
      const { store, blockBytes } = opened;
      await store.begin({ mapId: draft, sizeBytes });
      for (const length of [0, 1, blockBytes - 1, blockBytes + 1]) {
        const writing = store.writeBlock(draft, 0, Buffer.alloc(length, 1));
        await expect(writing).rejects.toMatchObject({ message: expect.stringContaining('bytes') });
      }
      const isMissing = { name: 'MapMissingError', mapId: other };
      await expect(write(0, 'a', other)).rejects.toMatchObject(isMissing);
    });

    test('sealing compares what was written with what the caller expects', async () => {
      const { store } = opened;
      await store.begin({ mapId: draft, sizeBytes });
      await write(70, 'b');
      await write(3, '');
      await write(0, 'a');
      await write(0, 'c');
      const linear = createHash('sha256');
      for (const word of ['c', '', 'b']) linear.update(hash('sha256', blockOf(word), 'buffer'));
      const linearChecksum = linear.digest('hex');
      const isConflict = { name: 'DraftConflictError', mapId: draft };
      await expect(store.seal(draft, { writtenBlocks: 4 })).rejects.toMatchObject(isConflict);
      const wrong = { writtenBlocks: 3, linearChecksum: hash('sha256', 'other') };
      await expect(store.seal(draft, wrong)).rejects.toMatchObject(isConflict);
      expect(await store.find(draft)).toBeUndefined();
      const summary = await store.seal(draft, { writtenBlocks: 3, linearChecksum });
      expect(summary.blockCount).toBe(2);
    });

    test('writes that run at the same time are all there', async () => {
      const { store } = opened;
      await store.begin({ mapId: draft, sizeBytes });
      const indexes = Array.from({ length: 40 }, (_, at) => (at * 37) % blockCount);
      await Promise.all(indexes.map((index) => write(index, `word ${index % 7}`)));
      const summary = await store.seal(draft, { writtenBlocks: 40 });
      expect(summary.blockCount).toBe(40);
      const read = await words(draft, indexes);
      expect(read).toEqual(indexes.map((index) => `word ${index % 7}`));
    });
  });
}
