import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockMapId, PruneResult } from '@bakehouse/domain';
import { chunkIdHex } from './chunk-id.ts';
import type { ChunkPins } from './chunk-pins.ts';
import type { DataDirectory } from './data-directory.ts';
import type { MapFolder } from './map-folder.ts';
import { recordBytes, segmentHeaderBytes } from './record-format.ts';
import type { Segment } from './segment.ts';
import { SegmentRewrite } from './segment-rewrite.ts';
import type { SegmentSet } from './segment-set.ts';
import { storeBytes } from './store-usage.ts';
import type { TailWriter } from './tail-writer.ts';
import { walkMap } from './walk-map.ts';

export interface PruneContext {
  readonly directory: DataDirectory;
  readonly maps: MapFolder;
  readonly segments: SegmentSet;
  readonly tail: TailWriter;
  readonly pins: ChunkPins;
  /** Maps that captures make or build on at this moment. */
  readonly inUse: () => ReadonlySet<BlockMapId>;
}

/** Small segments are put together when there are more than this many. */
const smallSegmentsMax = 8;
const smallShare = 8;

/** Mark and sweep; see docs/formats/data-directory.md, "Order of writes". */
export async function pruneStore(
  context: PruneContext,
  remove: ReadonlySet<BlockMapId>,
): Promise<PruneResult> {
  const letPinsGo = context.pins.hold();
  try {
    const bytesBefore = await storeBytes(context);
    // Asked in the moment of the removal: a capture that begins later does not find its base, and says so.
    const inUse = context.inUse();
    const doomed = context.maps.ids().filter((mapId) => remove.has(mapId) && !inUse.has(mapId));
    await context.maps.remove(doomed);
    const removedChunks = await sweep(context, await markLive(context.maps));
    const freedBytes = Math.max(0, bytesBefore - (await storeBytes(context)));
    return { removedMaps: doomed.length, removedChunks, freedBytes };
  } finally {
    letPinsGo();
  }
}

/** Hex ids of all chunks that a map names. A map that cannot be read stops the prune: it may name any chunk. */
async function markLive(maps: MapFolder): Promise<ReadonlySet<string>> {
  const live = new Set<string>();
  for (const mapId of maps.ids()) {
    const map = await maps.read(mapId);
    await walkMap(map, (position) => live.add(chunkIdHex(map.chunkIds, position)));
    await nextTurn();
  }
  return live;
}

type IsNeeded = (chunkId: Uint8Array) => boolean;

async function sweep(context: PruneContext, live: ReadonlySet<string>): Promise<number> {
  const { directory, segments, tail, pins } = context;
  const { segmentBytesMax } = tail;
  const isNeeded: IsNeeded = (chunkId) => live.has(chunkIdHex(chunkId)) || pins.has(chunkId);
  let removedChunks = 0;
  for (const segment of segments.segments()) {
    removedChunks += await tail.trim(segment, isNeeded);
    await nextTurn();
  }
  await tail.sealIf((active) => neededBytes(segments, active, isNeeded) < active.sizeBytes);
  await using rewrite = new SegmentRewrite({ directory, segments, segmentBytesMax, isNeeded });
  for (const segment of await segmentsToRewrite(context, isNeeded)) await rewrite.move(segment);
  await rewrite.finish();
  return removedChunks + rewrite.removedChunks;
}

/** Those with dead bytes or a flaw, those that hold least first: they give room for the others. */
async function segmentsToRewrite(
  { segments, tail }: PruneContext,
  isNeeded: IsNeeded,
): Promise<readonly Segment[]> {
  const sealed = segments.segments().filter((segment) => !tail.isActive(segment));
  const needed = new Map<Segment, number>();
  for (const segment of sealed) {
    needed.set(segment, neededBytes(segments, segment, isNeeded));
    await nextTurn();
  }
  const bytesOf = (segment: Segment) => needed.get(segment) ?? 0;
  const small = sealed.filter(({ sizeBytes }) => sizeBytes < tail.segmentBytesMax / smallShare);
  const isTooSmall = (each: Segment) => small.length > smallSegmentsMax && small.includes(each);
  return sealed
    .filter((each) => {
      const isFlawed = each.flaw !== undefined;
      return isFlawed || bytesOf(each) < each.sizeBytes || isTooSmall(each);
    })
    .sort((left, right) => bytesOf(left) - bytesOf(right));
}

/** The bytes that a segment's needed records and its header take; without such records it goes as a whole. */
function neededBytes(segments: SegmentSet, segment: Segment, isNeeded: IsNeeded): number {
  const needed = segments.entriesOf(segment).filter(({ chunkId }) => isNeeded(chunkId));
  if (needed.length === 0) return 0;
  return needed.reduce((sum, entry) => sum + recordBytes(entry), segmentHeaderBytes);
}
