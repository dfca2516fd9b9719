import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type BlockDifferencePage,
  type BlockMapId,
  type BlockPageRequest,
  blockPageMax,
  type MapBlockPage,
} from '@bakehouse/domain';
import { contentIdHex } from '../format/content-id.ts';
import { diffTrees } from '../maps/diff-trees.ts';
import { mapError, type OpenedMap } from '../maps/map-catalogue.ts';
import { blocksOf } from '../maps/map-tree.ts';

const itemsPerTurn = 2048;

/** Takes items up to the limit; the first one that is left names the next page. */
async function takePage<Item extends { readonly blockIndex: number }, Result>(
  items: AsyncIterable<Item>,
  { limit }: BlockPageRequest,
  view: (item: Item) => Result,
): Promise<{ readonly taken: readonly Result[]; readonly next?: number }> {
  if (!Number.isInteger(limit) || limit < 1 || limit > blockPageMax) {
    throw new RangeError(`a page has 1 to ${blockPageMax} blocks, not ${limit}`);
  }
  const taken: Result[] = [];
  for await (const item of items) {
    if (taken.length === limit) return { taken, next: item.blockIndex };
    taken.push(view(item));
    if (taken.length % itemsPerTurn === 0) await nextTurn();
  }
  return { taken };
}

export async function listBlocks(map: OpenedMap, page: BlockPageRequest): Promise<MapBlockPage> {
  return orMapError(map.mapId, async () => {
    const { taken: blocks, ...rest } = await takePage(
      blocksOf(map.tree, page.from),
      page,
      ({ blockIndex, chunkId }) => ({ blockIndex, chunkId: contentIdHex(chunkId) }),
    );
    return { blocks, ...rest };
  });
}

export async function diffBlocks(
  { before, after }: { readonly before: OpenedMap; readonly after: OpenedMap },
  page: BlockPageRequest,
): Promise<BlockDifferencePage> {
  return orMapError(after.mapId, async () => {
    const { taken: differences, ...rest } = await takePage(
      diffTrees(before.tree, after.tree, page.from),
      page,
      (each) => ({
        blockIndex: each.blockIndex,
        ...(each.before && { before: contentIdHex(each.before) }),
        ...(each.after && { after: contentIdHex(each.after) }),
      }),
    );
    return { differences, ...rest };
  });
}

async function orMapError<Result>(mapId: BlockMapId, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw mapError(mapId, error);
  }
}
