import { invariant } from '@bakehouse/base';
import { blockCountOf, blockSizeBytes } from '../format/block-size.ts';
import { childAt, placesPerPage } from '../format/page-format.ts';
import { BlockLookup } from '../maps/block-lookup.ts';
import { mapError, type OpenedMap } from '../maps/map-catalogue.ts';
import { leavesOf, type MapTree } from '../maps/map-tree.ts';
import { KeyUnknownError } from '../store-errors.ts';
import type { ChunkReader } from './chunk-reader.ts';

/** Blocks from `first` to before `end`, all of them zeros or none. */
export interface MapRun {
  readonly first: number;
  readonly end: number;
  readonly isZeros: boolean;
}

/** The disk that a map describes. The bytes it returns are views of shared memory: not to be changed. */
export interface MapReader {
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  /** Bytes within the disk; a range beyond its end is a caller's bug. */
  read(offset: number, lengthBytes: number): Promise<Uint8Array>;
  /** A whole block, also at the disk's end (padded with zeros); undefined is zeros. */
  readBlock(blockIndex: number): Promise<Uint8Array | undefined>;
  /**
   * Brings a block into memory that nobody waits for, after what is waited for. Resolves to whether this call did: false
   * for zeros, for what is in memory and for what is on its way.
   */
  readAhead(blockIndex: number): Promise<boolean>;
  /** What is known without waiting: the block, that it is zeros, or that it must be fetched. */
  peekBlock(blockIndex: number): Uint8Array | 'zeros' | 'not-cached';
  /** Runs of blocks that are in the map, or not, from `first` on, in order; the last one may reach beyond `end`. */
  runs(first: number, end: number): AsyncGenerator<MapRun>;
}

/** Throws KeyUnknownError for an encrypted map. Its methods throw MapDamagedError when a page cannot be read. */
export function openMapReader({ mapId, keyId, tree }: OpenedMap, chunks: ChunkReader): MapReader {
  if (keyId !== undefined) throw new KeyUnknownError(`map ${mapId}`, keyId);
  const lookup = new BlockLookup(tree);
  const find = (blockIndex: number) =>
    lookup.find(blockIndex).catch((error: unknown) => {
      throw mapError(mapId, error);
    });
  const readBlock = async (blockIndex: number) => {
    const chunkId = await find(blockIndex);
    return chunkId && chunks.read(chunkId);
  };
  return {
    sizeBytes: tree.sizeBytes,
    blockSizeBytes,
    readBlock,
    async readAhead(blockIndex) {
      const chunkId = await find(blockIndex);
      return chunkId !== undefined && (await chunks.readAhead(chunkId));
    },
    peekBlock(blockIndex) {
      const found = lookup.peek(blockIndex);
      return typeof found === 'string' ? found : (chunks.peek(found) ?? 'not-cached');
    },
    async read(offset, lengthBytes) {
      const end = offset + lengthBytes;
      invariant(offset >= 0 && lengthBytes >= 0 && end <= tree.sizeBytes, 'reads stay in the disk');
      const first = Math.floor(offset / blockSizeBytes);
      const within = offset - first * blockSizeBytes;
      if (within + lengthBytes <= blockSizeBytes) {
        const block = await readBlock(first);
        return block?.subarray(within, within + lengthBytes) ?? new Uint8Array(lengthBytes);
      }
      return readAcross(readBlock, offset, lengthBytes);
    },
    async *runs(first, end) {
      try {
        yield* runsOf(tree, first, end);
      } catch (error) {
        throw mapError(mapId, error);
      }
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

/** Leaves that do not exist are runs of zeros, however long. */
async function* runsOf(tree: MapTree, first: number, end: number): AsyncGenerator<MapRun> {
  const diskEnd = Math.min(end, blockCountOf(tree.sizeBytes));
  let run = { first, isZeros: true };
  let at = first;
  const turn = function* (blockIndex: number, isZeros: boolean): Generator<MapRun> {
    if (run.isZeros !== isZeros) {
      if (blockIndex > run.first) yield { ...run, end: blockIndex };
      run = { first: blockIndex, isZeros };
    }
    at = blockIndex + 1;
  };
  for await (const leaf of leavesOf(tree, first, diskEnd)) {
    if (leaf.first > at) yield* turn(at, true);
    const leafEnd = Math.min(leaf.first + placesPerPage, diskEnd);
    for (let block = Math.max(at, leaf.first); block < leafEnd; block += 1) {
      yield* turn(block, childAt(leaf.page, block - leaf.first) === undefined);
    }
  }
  if (at < diskEnd) yield* turn(at, true);
  if (diskEnd > run.first) yield { ...run, end: diskEnd };
}
