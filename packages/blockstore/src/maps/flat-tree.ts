import { contentIdAt } from '../format/content-id.ts';
import type { FlatMap } from '../format/flat-map-format.ts';
import { type BlockChange, changeTree, emptyTree } from './change-tree.ts';
import type { MapTree } from './map-tree.ts';
import { NewPages } from './new-pages.ts';

const sliceBlocks = 16_384;

/** The blocks of a flat map as changes of an empty tree, some at a time: a map of 1 TiB has two million. */
export function* slicesOf({ blockIndexes, chunkIds }: FlatMap): Generator<BlockChange[]> {
  for (let start = 0; start < blockIndexes.length; start += sliceBlocks) {
    const slice: BlockChange[] = [];
    const end = Math.min(start + sliceBlocks, blockIndexes.length);
    for (let at = start; at < end; at += 1) {
      slice.push({ blockIndex: blockIndexes[at] ?? 0, chunkId: contentIdAt(chunkIds, at) });
    }
    yield slice;
  }
}

/** The tree of a flat map, with its pages in memory: for reading it where it cannot be converted. */
export async function treeOfFlat(flat: FlatMap): Promise<MapTree> {
  let tree = { ...emptyTree(new NewPages()), sizeBytes: flat.sizeBytes };
  for (const slice of slicesOf(flat)) tree = (await changeTree(tree, slice)).tree;
  return tree;
}
