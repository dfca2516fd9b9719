import type { BlockMap } from './block-map.ts';
import { chunkIdAt, chunkIdBytes } from './chunk-id.ts';

export type MapBlocks = Pick<BlockMap, 'sizeBytes' | 'blockIndexes' | 'chunkIds'>;

/** One block that differs; undefined means zeros (or no such block). */
export interface BlockChange {
  readonly blockIndex: number;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

/** What turns `before` into `after`, in order of block index: one merge of the two sorted lists. */
export function* diffMaps(before: MapBlocks, after: MapBlocks): Generator<BlockChange> {
  let left = 0;
  let right = 0;
  while (left < before.blockIndexes.length || right < after.blockIndexes.length) {
    const leftIndex = before.blockIndexes[left] ?? Number.POSITIVE_INFINITY;
    const rightIndex = after.blockIndexes[right] ?? Number.POSITIVE_INFINITY;
    const blockIndex = Math.min(leftIndex, rightIndex);
    const was = leftIndex === blockIndex ? chunkIdAt(before.chunkIds, left++) : undefined;
    const is = rightIndex === blockIndex ? chunkIdAt(after.chunkIds, right++) : undefined;
    if (!sameChunk(was, is)) yield { blockIndex, before: was, after: is };
  }
}

/**
 * The blocks of `base` with the changes laid over; `changes` must be in order of block index. Blocks
 * behind the new end are dropped.
 */
export function applyDiff(
  base: MapBlocks,
  changes: Iterable<Pick<BlockChange, 'blockIndex' | 'after'>>,
  end: { readonly sizeBytes: number; readonly blockCount: number },
): MapBlocks {
  const changed = [...changes];
  const capacity = base.blockIndexes.length + changed.length;
  const blockIndexes = new Uint32Array(capacity);
  const chunkIds = new Uint8Array(capacity * chunkIdBytes);
  let count = 0;
  const add = (blockIndex: number, chunkId: Uint8Array | undefined) => {
    if (chunkId === undefined || blockIndex >= end.blockCount) return;
    blockIndexes[count] = blockIndex;
    chunkIds.set(chunkId, count * chunkIdBytes);
    count += 1;
  };
  let position = 0;
  const addBaseBelow = (limit: number) => {
    for (; (base.blockIndexes[position] ?? limit) < limit; position += 1) {
      add(base.blockIndexes[position] ?? 0, chunkIdAt(base.chunkIds, position));
    }
  };
  for (const { blockIndex, after } of changed) {
    addBaseBelow(blockIndex);
    if (base.blockIndexes[position] === blockIndex) position += 1;
    add(blockIndex, after);
  }
  addBaseBelow(Number.POSITIVE_INFINITY);
  return {
    sizeBytes: end.sizeBytes,
    blockIndexes: blockIndexes.slice(0, count),
    chunkIds: chunkIds.slice(0, count * chunkIdBytes),
  };
}

function sameChunk(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return Buffer.compare(left, right) === 0;
}
