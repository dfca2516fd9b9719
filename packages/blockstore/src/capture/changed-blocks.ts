import type { ByteRange } from '@bakehouse/domain';
import { blockSizeBytes } from '../format/block-size.ts';

/** Blocks from `first` to before `end`. */
export interface BlockRun {
  readonly first: number;
  readonly end: number;
}

/** The blocks that overlap the ranges, each once, in order. Ranges must be in order; they may overlap. */
export async function changedBlocks(
  ranges: AsyncIterable<ByteRange> | Iterable<ByteRange>,
  sizeBytes: number,
): Promise<readonly BlockRun[]> {
  const runs: BlockRun[] = [];
  let next = 0;
  for await (const { offset, lengthBytes } of ranges) {
    const endBytes = Math.min(offset + lengthBytes, sizeBytes);
    const first = Math.max(next, Math.floor(offset / blockSizeBytes));
    const end = Math.ceil(endBytes / blockSizeBytes);
    if (offset >= endBytes || first >= end) continue;
    const last = runs.at(-1);
    if (last?.end === first) runs[runs.length - 1] = { first: last.first, end };
    else runs.push({ first, end });
    next = end;
  }
  return runs;
}

/** The bytes of the disk in the block: less than a block at the disk's end. */
export function blockLength(blockIndex: number, sizeBytes: number): number {
  return Math.min(blockSizeBytes, sizeBytes - blockIndex * blockSizeBytes);
}
