import type {
  BlockMapSummary,
  BlockSource,
  CaptureProgress,
  CaptureRequest,
} from '@bakehouse/domain';
import { type BlockMap, findChunkId, summaryOf } from './block-map.ts';
import { blockSizeBytes } from './block-size.ts';
import { type BlockRun, blockLength, changedBlocks } from './changed-blocks.ts';
import type { PinSet } from './chunk-pins.ts';
import type { ChunkWriter, PackedChunk } from './chunk-writer.ts';
import type { CoderSlot } from './coder-memory.ts';
import type { CoderPool } from './coder-pool.ts';
import { allZeros } from './coder-task.ts';
import { applyDiff } from './diff-maps.ts';

export interface CaptureContext {
  readonly coders: CoderPool;
  readonly chunks: ChunkWriter;
  readonly pins: PinSet;
  /** Makes the chunks durable. */
  readonly sync: () => Promise<void>;
  /** Makes the map durable. */
  readonly commit: (map: BlockMap) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: CaptureProgress) => void) | undefined;
}

interface Tally {
  /** Only blocks that differ from the base; undefined is zeros. */
  readonly changes: Map<number, Uint8Array | undefined>;
  doneBytes: number;
  addedBytes: number;
  /** New blocks come in runs: the next one is packed before anybody knows whether it must be. */
  lastWasNew: boolean;
}

/** Reads what changed, stores what is new, and commits the map: base plus changes. */
export async function captureDisk(
  context: CaptureContext,
  request: Pick<CaptureRequest, 'mapId'> & {
    readonly source: BlockSource;
    readonly base: BlockMap | undefined;
  },
): Promise<BlockMapSummary> {
  const { source, mapId } = request;
  const { sizeBytes } = source;
  const base = request.base ?? emptyMap(request.mapId);
  const runs = await changedBlocks(source.changedRanges(context.signal), sizeBytes);
  const tally: Tally = {
    changes: new Map(),
    doneBytes: 0,
    addedBytes: 0,
    lastWasNew: base.blockIndexes.length === 0,
  };
  await readBlocks(context, { source, base, runs, tally });
  const changes = [...tally.changes]
    .map(([blockIndex, after]) => ({ blockIndex, after }))
    .sort((left, right) => left.blockIndex - right.blockIndex);
  const blockCount = Math.ceil(sizeBytes / blockSizeBytes);
  const blocks = applyDiff(base, changes, { sizeBytes, blockCount });
  await context.sync();
  context.signal.throwIfAborted();
  const { doneBytes: readBytes, addedBytes } = tally;
  const map: BlockMap = { ...blocks, mapId, readBytes, addedBytes };
  await context.commit(map);
  return summaryOf(map);
}

interface BlockWork {
  readonly source: BlockSource;
  readonly base: BlockMap;
  readonly runs: readonly BlockRun[];
  readonly tally: Tally;
}

/** As many blocks at a time as there are slots; the first failure stops all and is thrown. */
async function readBlocks(context: CaptureContext, work: BlockWork): Promise<void> {
  const totalBytes = runBytes(work.runs, work.source.sizeBytes);
  const blocks = eachBlock(work.runs);
  let failed = false;
  const lane = async () => {
    for (const blockIndex of blocks) {
      if (failed) return;
      context.signal.throwIfAborted();
      await context.coders.withSlot((slot) => captureBlock(context, work, { blockIndex, slot }));
      context.onProgress?.({ doneBytes: work.tally.doneBytes, totalBytes });
    }
  };
  const lanes = Array.from({ length: context.coders.width }, () =>
    lane().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  const results = await Promise.allSettled(lanes);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

async function captureBlock(
  context: CaptureContext,
  { source, base, tally }: BlockWork,
  { blockIndex, slot }: { readonly blockIndex: number; readonly slot: CoderSlot },
): Promise<void> {
  const length = blockLength(blockIndex, source.sizeBytes);
  await fillSlot(context.signal, source, {
    slot,
    offset: blockIndex * blockSizeBytes,
    length,
  });
  const before = findChunkId(base, blockIndex);
  const packToo = tally.lastWasNew;
  const answer = await context.coders.ask({ kind: 'name', slot: slot.number, packToo });
  const after = answer === allZeros ? undefined : Uint8Array.from(slot.chunkId);
  if (after !== undefined) {
    // Pinned before it is looked up: from here on prune leaves it alone.
    context.pins.add(after);
    const pack = async () =>
      packedChunk(
        slot,
        packToo ? answer : await context.coders.ask({ kind: 'pack', slot: slot.number }),
      );
    const addedBytes = await context.chunks.put(after, pack);
    tally.addedBytes += addedBytes;
    tally.lastWasNew = addedBytes > 0;
  }
  if (!isSame(before, after)) tally.changes.set(blockIndex, after);
  tally.doneBytes += length;
}

async function fillSlot(
  signal: AbortSignal,
  source: BlockSource,
  {
    slot,
    offset,
    length,
  }: { readonly slot: CoderSlot; readonly offset: number; readonly length: number },
): Promise<void> {
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

function packedChunk(slot: CoderSlot, packedLength: number): PackedChunk {
  if (packedLength === blockSizeBytes) return { bytes: slot.raw, compressed: false };
  return { bytes: slot.packed.subarray(0, packedLength), compressed: true };
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

function emptyMap(mapId: BlockMap['mapId']): BlockMap {
  const nothing = { sizeBytes: 0, readBytes: 0, addedBytes: 0 };
  return { mapId, ...nothing, blockIndexes: new Uint32Array(0), chunkIds: new Uint8Array(0) };
}

function isSame(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return Buffer.compare(left, right) === 0;
}
