import { hash } from 'node:crypto';
import type { BlockMapId, BlockPageRequest } from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenedSnapshotStore } from './opened-snapshot-store.ts';

const first: BlockMapId = 'map-00000000000000001';
const second: BlockMapId = 'map-00000000000000002';
const missing: BlockMapId = 'map-0000000000000000f';

type Words = Readonly<Record<number, string>>;

/** The promises of `SnapshotReader`. `open` makes an empty store. */
export function describeSnapshotReader(
  name: string,
  open: () => Promise<OpenedSnapshotStore>,
): void {
  describe(`${name} is a SnapshotReader`, () => {
    let opened: OpenedSnapshotStore;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.dispose());

    const capture = async (mapId: BlockMapId, words: Words, blockCount = 200) => {
      const blocks = new Map(
        Object.entries(words).map(([index, word]) => [Number(index), word] as const),
      );
      const sizeBytes = blockCount * opened.blockBytes;
      const source = await opened.offer({ sizeBytes, blocks });
      await opened.store.capture({ mapId, source });
    };
    const nameOf = (word: string) => {
      const block = Buffer.alloc(opened.blockBytes);
      block.write(word);
      return hash('sha256', block);
    };
    /** All pages of a listing, by the page's own account of where the next one begins. */
    const readAll = async <Item>(
      limit: number,
      read: (page: BlockPageRequest) => Promise<{ items: readonly Item[]; next?: number }>,
    ): Promise<readonly (readonly Item[])[]> => {
      const pages: (readonly Item[])[] = [];
      let from: number | undefined;
      do {
        const { items, next } = await read({ limit, ...(from === undefined ? {} : { from }) });
        pages.push(items);
        from = next;
      } while (from !== undefined);
      return pages;
    };
    const listed = async (mapId: BlockMapId, limit: number) =>
      readAll(limit, async (page) => {
        const { blocks: items, ...rest } = await opened.store.listBlocks(mapId, page);
        return { items, ...rest };
      });
    const differences = async (before: BlockMapId, after: BlockMapId, limit: number) =>
      readAll(limit, async (page) => {
        const { differences: items, ...rest } = await opened.store.diffBlocks(
          { before, after },
          page,
        );
        return { items, ...rest };
      });

    test('a block is whole; one that the map does not name is zeros', async () => {
      await capture(first, { 3: 'a' });
      const block = await opened.store.readBlock(first, 3);
      expect(block).toHaveLength(opened.blockBytes);
      expect(hash('sha256', block ?? '')).toBe(nameOf('a'));
      expect(await opened.store.readBlock(first, 4)).toBeUndefined();
    });

    test('blocks are listed in order, page by page, named by their checksums', async () => {
      await capture(first, { 0: 'a', 63: 'b', 64: 'a', 130: 'c', 199: 'd' });
      const pages = await listed(first, 2);
      expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
      expect(pages.flat()).toEqual(
        [
          [0, 'a'],
          [63, 'b'],
          [64, 'a'],
          [130, 'c'],
          [199, 'd'],
        ].map(([blockIndex, word]) => ({ blockIndex, chunkId: nameOf(String(word)) })),
      );
      const { blocks } = await opened.store.listBlocks(first, { from: 64, limit: 10 });
      expect(blocks.map(({ blockIndex }) => blockIndex)).toEqual([64, 130, 199]);
    });

    test('a map without blocks lists none', async () => {
      await capture(first, {});
      expect(await opened.store.listBlocks(first, { limit: 1 })).toEqual({ blocks: [] });
    });

    test('what differs between two maps is listed in order, page by page', async () => {
      await capture(first, { 0: 'a', 5: 'b', 70: 'c', 71: 'd', 150: 'e' });
      await capture(second, { 0: 'a', 5: 'x', 71: 'd', 120: 'n', 150: 'e' });
      const found = await differences(first, second, 2);
      expect(found.map(({ length }) => length)).toEqual([2, 1]);
      expect(found.flat()).toEqual([
        { blockIndex: 5, before: nameOf('b'), after: nameOf('x') },
        { blockIndex: 70, before: nameOf('c') },
        { blockIndex: 120, after: nameOf('n') },
      ]);
      const { differences: late } = await opened.store.diffBlocks(
        { before: first, after: second },
        { from: 71, limit: 10 },
      );
      expect(late.map(({ blockIndex }) => blockIndex)).toEqual([120]);
    });

    test('a map does not differ from itself; the other way round before and after are swapped', async () => {
      await capture(first, { 0: 'a', 70: 'c' });
      await capture(second, { 70: 'd' });
      expect((await differences(first, first, 5)).flat()).toEqual([]);
      const there = (await differences(first, second, 5)).flat();
      const back = (await differences(second, first, 5)).flat();
      const swapped = there.map(({ blockIndex, before, after }) => ({
        blockIndex,
        ...(after && { before: after }),
        ...(before && { after: before }),
      }));
      expect(back).toEqual(swapped);
    });

    test('maps of disks of different size are compared', async () => {
      await capture(first, { 0: 'a', 2: 'b' }, 3);
      await capture(second, { 0: 'a', 5000: 'c' }, 6000);
      expect((await differences(first, second, 5)).flat()).toEqual([
        { blockIndex: 2, before: nameOf('b') },
        { blockIndex: 5000, after: nameOf('c') },
      ]);
    });

    test('reading a map that does not exist rejects with MapMissingError', async () => {
      await capture(first, { 0: 'a' });
      const { store } = opened;
      const isMissing = { name: 'MapMissingError', mapId: missing };
      await expect(store.readBlock(missing, 0)).rejects.toMatchObject(isMissing);
      await expect(store.listBlocks(missing, { limit: 1 })).rejects.toMatchObject(isMissing);
      const before = { before: missing, after: first };
      await expect(store.diffBlocks(before, { limit: 1 })).rejects.toMatchObject(isMissing);
      const after = { before: first, after: missing };
      await expect(store.diffBlocks(after, { limit: 1 })).rejects.toMatchObject(isMissing);
    });

    test.each([-1, 1.5])('reading a block of index %d is refused', async (index) => {
      await capture(first, { 0: 'a' });
      await expect(opened.store.readBlock(first, index)).rejects.toMatchObject({
        name: 'RangeError',
        message: expect.stringContaining(`${index}`),
      });
    });

    test.each([0, -1, 1.5, 10_001])('a page of %d blocks is refused', async (limit) => {
      await capture(first, { 0: 'a' });
      const { store } = opened;
      await expect(store.listBlocks(first, { limit })).rejects.toThrow('1 to 10000');
      const maps = { before: first, after: first };
      await expect(store.diffBlocks(maps, { limit })).rejects.toThrow('1 to 10000');
    });
  });
}
