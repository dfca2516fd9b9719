import { allEnded } from '@bakehouse/base';
import type { BlockMapId, BlockSource, CaptureProgress } from '@bakehouse/domain';
import { blockSizeBytes } from '../format/block-size.ts';
import { isSameId } from '../format/content-id.ts';
import type { MapHead } from '../format/map-head-format.ts';
import { BlockLookup } from '../maps/block-lookup.ts';
import type { MapTree } from '../maps/map-tree.ts';
import type { PageStore } from '../maps/page-store.ts';
import { TreeWriter } from '../maps/tree-writer.ts';
import { type BlockRun, blockLength, changedBlocks } from './changed-blocks.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import type { CoderSlot } from './coder-memory.ts';
import type { CoderPool } from './coder-pool.ts';
import { storeSlot } from './store-slot.ts';

export interface CaptureContext {
  readonly coders: CoderPool;
  readonly chunks: ChunkWriter;
  readonly pages: PageStore;
  /** Keeps from prune what the capture stores or reuses: see `UseEpochs`. */
  readonly epoch: number;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: CaptureProgress) => void) | undefined;
}

export interface CaptureWork {
  readonly mapId: BlockMapId;
  readonly source: BlockSource;
  readonly base: { readonly tree: MapTree; readonly blockCount: number };
}

/** One capture under way. */
interface Capture {
  readonly context: CaptureContext;
  readonly source: BlockSource;
  readonly base: BlockLookup;
  readonly tree: TreeWriter;
  readonly totalBytes: number;
  doneBytes: number;
  addedBytes: number;
}

/** Reads what changed and stores what is new. The head of the map is not published, and nothing is flushed yet. */
export async function captureDisk(context: CaptureContext, work: CaptureWork): Promise<MapHead> {
  const { source, mapId, base } = work;
  const { sizeBytes } = source;
  const { pages, epoch } = context;
  const runs = await changedBlocks(source.changedRanges(context.signal), sizeBytes);
  const capture: Capture = {
    context,
    source,
    base: new BlockLookup(base.tree),
    tree: new TreeWriter({ pages, epoch, base: base.tree, sizeBytes }),
    totalBytes: runBytes(runs, sizeBytes),
    doneBytes: 0,
    addedBytes: 0,
  };
  await captureBlocks(capture, eachBlock(runs));
  const { tree, addedBlocks } = await capture.tree.finish();
  return {
    mapId,
    sizeBytes,
    blockCount: base.blockCount + addedBlocks,
    readBytes: capture.doneBytes,
    addedBytes: capture.addedBytes,
    keyId: undefined,
    root: tree.root,
  };
}

/** As many blocks at a time as there are slots; the first failure stops all and is thrown. */
async function captureBlocks(capture: Capture, blocks: Iterator<number> & Iterable<number>) {
  const { coders, signal, onProgress } = capture.context;
  const { totalBytes } = capture;
  let failed = false;
  const lane = async () => {
    for (const blockIndex of blocks) {
      if (failed) return;
      signal.throwIfAborted();
      await coders.withSlot((slot) => captureBlock(capture, blockIndex, slot));
      onProgress?.({ doneBytes: capture.doneBytes, totalBytes });
    }
  };
  const lanes = Array.from({ length: coders.width }, () =>
    lane().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  await allEnded(lanes);
}

async function captureBlock(capture: Capture, blockIndex: number, slot: CoderSlot): Promise<void> {
  const { source, base, tree, context } = capture;
  const length = blockLength(blockIndex, source.sizeBytes);
  const offset = blockIndex * blockSizeBytes;
  await fillSlot(context.signal, source, { slot, offset, length });
  const { chunkId, addedBytes } = await storeSlot(context, slot);
  capture.addedBytes += addedBytes;
  if (!isSameId(await base.find(blockIndex), chunkId)) await tree.change({ blockIndex, chunkId });
  capture.doneBytes += length;
}

async function fillSlot(
  signal: AbortSignal,
  source: BlockSource,
  range: { readonly slot: CoderSlot; readonly offset: number; readonly length: number },
): Promise<void> {
  const { slot, offset, length } = range;
  if (source.readInto !== undefined) await source.readInto(offset, slot.raw.subarray(0, length));
  else {
    const bytes = await orAbort(source.read(offset, length), signal);
    if (bytes.length !== length) throw new Error(`the source ends at ${offset + bytes.length}`);
    slot.raw.set(bytes);
  }
  slot.raw.fill(0, length);
}

/** Does not wait for a source that has gone silent. */
function orAbort<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function* eachBlock(runs: readonly BlockRun[]): Generator<number, undefined> {
  for (const { first, end } of runs) {
    for (let blockIndex = first; blockIndex < end; blockIndex += 1) yield blockIndex;
  }
}

function runBytes(runs: readonly BlockRun[], sizeBytes: number): number {
  const count = runs.reduce((sum, { first, end }) => sum + end - first, 0);
  const last = runs.at(-1);
  if (last === undefined) return 0;
  return (count - 1) * blockSizeBytes + blockLength(last.end - 1, sizeBytes);
}
