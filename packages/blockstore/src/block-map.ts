import type { BlockMapId, BlockMapSummary } from '@bakehouse/domain';
import { chunkIdAt } from './chunk-id.ts';

/** Which chunk each block of a disk is. Immutable; blocks that are not listed are zeros. */
export interface BlockMap {
  readonly mapId: BlockMapId;
  readonly sizeBytes: number;
  readonly readBytes: number;
  readonly addedBytes: number;
  /** Strictly ascending. */
  readonly blockIndexes: Uint32Array;
  /** 32 bytes for each of `blockIndexes`, in the same order. */
  readonly chunkIds: Uint8Array;
}

/** Where the block stands in the map's lists; undefined when it is zeros. */
export function findPosition(map: BlockMap, blockIndex: number): number | undefined {
  const indexes = map.blockIndexes;
  let low = 0;
  let high = indexes.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = indexes[middle] ?? 0;
    if (found === blockIndex) return middle;
    if (found < blockIndex) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** The id of the block's chunk; undefined when it is zeros. */
export function findChunkId(map: BlockMap, blockIndex: number): Uint8Array | undefined {
  const position = findPosition(map, blockIndex);
  return position === undefined ? undefined : chunkIdAt(map.chunkIds, position);
}

export function summaryOf(map: BlockMap): BlockMapSummary {
  return {
    mapId: map.mapId,
    sizeBytes: map.sizeBytes,
    blockCount: map.blockIndexes.length,
    readBytes: map.readBytes,
    addedBytes: map.addedBytes,
  };
}
