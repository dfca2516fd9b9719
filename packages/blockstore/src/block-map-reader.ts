import { invariant } from '@bakehouse/base';
import { type BlockMap, findChunkId } from './block-map.ts';
import { blockSizeBytes } from './block-size.ts';
import type { ChunkReader } from './chunk-reader.ts';

/** The disk that a map describes. What is answered is a view of shared memory: not to be changed. */
export interface BlockMapReader {
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  /** Bytes within the disk; a range that reaches over its end is a caller's bug. */
  read(offset: number, lengthBytes: number): Promise<Uint8Array>;
  /** A whole block, also at the disk's end (padded with zeros); undefined is zeros. */
  readBlock(blockIndex: number): Promise<Uint8Array | undefined>;
  /** What is known without waiting: the block, that it is zeros, or that it must be fetched. */
  peekBlock(blockIndex: number): Uint8Array | 'zeros' | 'not-cached';
  /** True when the block is in the map: false is zeros. */
  hasBlock(blockIndex: number): boolean;
}

export function blockMapReader(map: BlockMap, chunks: ChunkReader): BlockMapReader {
  const readBlock = async (blockIndex: number) => {
    const chunkId = findChunkId(map, blockIndex);
    return chunkId && chunks.read(chunkId);
  };
  return {
    sizeBytes: map.sizeBytes,
    blockSizeBytes,
    readBlock,
    hasBlock: (blockIndex) => findChunkId(map, blockIndex) !== undefined,
    peekBlock(blockIndex) {
      const chunkId = findChunkId(map, blockIndex);
      if (chunkId === undefined) return 'zeros';
      return chunks.peek(chunkId) ?? 'not-cached';
    },
    async read(offset, lengthBytes) {
      const end = offset + lengthBytes;
      invariant(offset >= 0 && lengthBytes >= 0 && end <= map.sizeBytes, 'reads stay in the disk');
      const first = Math.floor(offset / blockSizeBytes);
      const within = offset - first * blockSizeBytes;
      if (within + lengthBytes <= blockSizeBytes) {
        const block = await readBlock(first);
        return block?.subarray(within, within + lengthBytes) ?? new Uint8Array(lengthBytes);
      }
      return readAcross(readBlock, offset, lengthBytes);
    },
  };
}

/** Blocks one after the other: a caller that wants more at a time reads smaller pieces. */
async function readAcross(
  readBlock: (blockIndex: number) => Promise<Uint8Array | undefined>,
  offset: number,
  lengthBytes: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes);
  let done = 0;
  while (done < lengthBytes) {
    const blockIndex = Math.floor((offset + done) / blockSizeBytes);
    const within = offset + done - blockIndex * blockSizeBytes;
    const count = Math.min(blockSizeBytes - within, lengthBytes - done);
    const block = await readBlock(blockIndex);
    if (block !== undefined) bytes.set(block.subarray(within, within + count), done);
    done += count;
  }
  return bytes;
}
