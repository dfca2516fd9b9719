import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockCountOf, blockSizeBytes } from '../format/block-size.ts';
import { contentIdBytes, contentIdHex } from '../format/content-id.ts';
import { rootLevel } from '../format/page-format.ts';
import { BlockLookup } from './block-lookup.ts';
import { changeTree, emptyTree } from './change-tree.ts';
import { diffTrees } from './diff-trees.ts';
import { treeOfFlat } from './flat-tree.ts';
import { blocksOf, leavesOf, type MapTree, type PageSource } from './map-tree.ts';
import { NewPages } from './new-pages.ts';

/** What a tree is compared with: block index → a small number in place of the chunk. */
type Model = ReadonlyMap<number, number>;

const idOf = (chunk: number) => new Uint8Array(contentIdBytes).fill(chunk + 1);
const chunkOf = (id: Uint8Array) => (id[0] ?? 0) - 1;

/** Near the borders of pages of each level, and anywhere; some beyond 2 GiB, 128 GiB. */
const anyBlock = fc.oneof(
  fc.integer({ min: 0, max: 130 }),
  fc.integer({ min: 4090, max: 4100 }),
  fc.integer({ min: 262_140, max: 262_150 }),
  fc.integer({ min: 0, max: 400_000 }),
);
const anyChunk = fc.integer({ min: 0, max: 3 });
const anyModel = fc
  .array(fc.tuple(anyBlock, anyChunk), { maxLength: 30 })
  .map((all) => new Map(all));
const anyChanges = fc
  .array(fc.tuple(anyBlock, fc.option(anyChunk)), { maxLength: 20 })
  .map((all) => new Map(all));
const sizeAbove = (model: Model) => (Math.max(0, ...model.keys()) + 1) * blockSizeBytes;

const inOrder = <Value>(changes: ReadonlyMap<number, Value>) =>
  [...changes].sort(([left], [right]) => left - right);

async function treeOf(model: Model, sizeBytes = sizeAbove(model)): Promise<MapTree> {
  const changes = inOrder(model).map(([blockIndex, chunk]) => ({
    blockIndex,
    chunkId: idOf(chunk),
  }));
  return (await changeTree(emptyTree(new NewPages()), changes, sizeBytes)).tree;
}

async function modelOf(tree: MapTree): Promise<Model> {
  const model = new Map<number, number>();
  for await (const { blockIndex, chunkId } of blocksOf(tree))
    model.set(blockIndex, chunkOf(chunkId));
  return model;
}

async function listed<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const rootOf = ({ root }: MapTree) => root && contentIdHex(root);

function applied(
  model: Model,
  changes: ReadonlyMap<number, number | null>,
  blockCount: number,
): Model {
  const after = new Map(model);
  for (const [block, chunk] of changes) {
    if (chunk === null) after.delete(block);
    else after.set(block, chunk);
  }
  return new Map([...after].filter(([block]) => block < blockCount));
}

test('a tree has what a Map has, whatever is changed and however the disk grows and shrinks', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyModel,
      fc.array(fc.tuple(anyChanges, anyBlock), { minLength: 1, maxLength: 4 }),
      async (first, steps) => {
        let tree = await treeOf(first);
        let model: Model = first;
        for (const [changes, lastBlock] of steps) {
          const blockCount = lastBlock + 1;
          const within = new Map([...changes].filter(([block]) => block < blockCount));
          const list = inOrder(within).map(([blockIndex, chunk]) => ({
            blockIndex,
            chunkId: chunk === null ? undefined : idOf(chunk),
          }));
          const changed = await changeTree(tree, list, blockCount * blockSizeBytes);
          const after = applied(model, within, blockCount);
          expect(changed.addedBlocks).toBe(after.size - model.size);
          tree = changed.tree;
          model = after;
          expect(tree.level).toBe(rootLevel(blockCountOf(tree.sizeBytes)));
          expect(new Map(inOrder(await modelOf(tree)))).toEqual(new Map(inOrder(model)));
        }
        // One content has one tree, whatever its history.
        expect(rootOf(tree)).toBe(rootOf(await treeOf(model, tree.sizeBytes)));
      },
    ),
  );
});

test('new pages are all that the changed tree needs beside those of its base', async () => {
  await fc.assert(
    fc.asyncProperty(anyModel, anyModel, async (first, second) => {
      const sizeBytes = Math.max(sizeAbove(first), sizeAbove(second));
      const base = await changeTree(
        emptyTree(new NewPages()),
        inOrder(first).map(([blockIndex, chunk]) => ({ blockIndex, chunkId: idOf(chunk) })),
        sizeBytes,
      );
      const list = inOrder(second).map(([blockIndex, chunk]) => ({
        blockIndex,
        chunkId: idOf(chunk),
      }));
      const stored = pagesOf(base.newPages);
      const changed = await changeTree({ ...base.tree, pages: stored }, list, sizeBytes);
      const pages = pagesOf([...base.newPages, ...changed.newPages]);
      const expected = new Map([...first, ...second]);
      const found = await modelOf({ ...changed.tree, pages });
      expect(new Map(inOrder(found))).toEqual(new Map(inOrder(expected)));
      // At most a page on each level for each change.
      expect(changed.newPages.length).toBeLessThanOrEqual(second.size * (base.tree.level + 1));
    }),
  );
});

/** These pages and no others; each read is counted. */
function pagesOf(
  pages: readonly { readonly id: Uint8Array; readonly page: Parameters<NewPages['add']>[0] }[],
) {
  const byId = new Map(pages.map(({ id, page }) => [contentIdHex(id), page]));
  let reads = 0;
  const read: PageSource['read'] = async (id) => {
    reads += 1;
    const page = byId.get(contentIdHex(id));
    if (page === undefined) throw new Error(`page ${contentIdHex(id)} is not stored`);
    return page;
  };
  return { peek: () => undefined, read, reads: () => reads };
}

test('diff laws: nothing differs from itself; a diff laid over the first tree gives the second; both directions agree', async () => {
  await fc.assert(
    fc.asyncProperty(anyModel, anyModel, async (first, second) => {
      const [before, after] = [await treeOf(first), await treeOf(second)];
      expect(await listed(diffTrees(before, before))).toEqual([]);
      const there = await listed(diffTrees(before, after));
      const blocks = [...new Set([...first.keys(), ...second.keys()])].sort((a, b) => a - b);
      expect(
        there.map(({ blockIndex, ...each }) => [blockIndex, each.before?.[0], each.after?.[0]]),
      ).toEqual(
        blocks
          .filter((block) => first.get(block) !== second.get(block))
          .map((block) => [block, idAt(first, block), idAt(second, block)]),
      );
      const back = await listed(diffTrees(after, before));
      expect(back.map((each) => ({ ...each, before: each.after, after: each.before }))).toEqual(
        there,
      );
      const changes = there.map(({ blockIndex, after: chunkId }) => ({ blockIndex, chunkId }));
      // What is behind the second's end is dropped by its size.
      const within = changes.filter(
        ({ blockIndex }) => blockIndex * blockSizeBytes < after.sizeBytes,
      );
      const made = await changeTree(before, within, after.sizeBytes);
      expect(rootOf(made.tree)).toBe(rootOf(after));
    }),
  );
});

function idAt(model: Model, block: number): number | undefined {
  const chunk = model.get(block);
  return chunk === undefined ? undefined : chunk + 1;
}

test('a diff, and a walk, from a block on have what the whole one has from there', async () => {
  await fc.assert(
    fc.asyncProperty(anyModel, anyModel, anyBlock, async (first, second, from) => {
      const [before, after] = [await treeOf(first), await treeOf(second)];
      const whole = await listed(diffTrees(before, after));
      const part = await listed(diffTrees(before, after, from));
      expect(part).toEqual(whole.filter(({ blockIndex }) => blockIndex >= from));
      const blocks = await listed(blocksOf(after));
      const late = await listed(blocksOf(after, from));
      expect(late).toEqual(blocks.filter(({ blockIndex }) => blockIndex >= from));
      const leaves = await listed(leavesOf(after, from, from + 100));
      expect(leaves.every((leaf) => leaf.first < from + 100 && leaf.first + 64 > from)).toBe(true);
    }),
  );
});

test('a look-up finds what the tree has, and knows it the next time', async () => {
  await fc.assert(
    fc.asyncProperty(anyModel, fc.array(anyBlock, { maxLength: 20 }), async (model, blocks) => {
      const lookup = new BlockLookup(await treeOf(model));
      for (const block of [...blocks, ...model.keys()]) {
        const found = await lookup.find(block);
        expect(found?.[0]).toBe(idAt(model, block));
        expect(lookup.peek(block)).toEqual(found ?? 'zeros');
      }
    }),
  );
});

test('the tree of a flat map is the one that a capture of the same content makes', async () => {
  await fc.assert(
    fc.asyncProperty(anyModel, async (model) => {
      const entries = inOrder(model);
      const flat = {
        mapId: 'map-1' as const,
        sizeBytes: sizeAbove(model),
        blockCount: entries.length,
        readBytes: 0,
        addedBytes: 0,
        blockIndexes: Uint32Array.from(entries, ([block]) => block),
        chunkIds: Buffer.concat(entries.map(([, chunk]) => idOf(chunk))),
      };
      expect(rootOf(await treeOfFlat(flat))).toBe(rootOf(await treeOf(model)));
    }),
  );
});

test('a comparison reads only the pages that differ', async () => {
  const full = new Map(Array.from({ length: 20_000 }, (_, block) => [block, block % 4]));
  const sizeBytes = 20_000 * blockSizeBytes;
  const changesOf = (model: Model) =>
    inOrder(model).map(([blockIndex, chunk]) => ({ blockIndex, chunkId: idOf(chunk) }));
  const before = await changeTree(emptyTree(new NewPages()), changesOf(full), sizeBytes);
  const after = await changeTree(before.tree, changesOf(new Map([[7000, 9]])), sizeBytes);
  const pages = pagesOf([...before.newPages, ...after.newPages]);
  const found = await listed(diffTrees({ ...before.tree, pages }, { ...after.tree, pages }));
  expect(found.map(({ blockIndex }) => blockIndex)).toEqual([7000]);
  // Three levels, of both trees.
  expect(pages.reads()).toBe(6);
});
