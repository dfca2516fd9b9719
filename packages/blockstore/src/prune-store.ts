import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockMapId, PruneResult } from '@bakehouse/domain';
import { chunkIdHex } from './chunk-id.ts';
import type { ChunkPins } from './chunk-pins.ts';
import type { DataDirectory } from './data-directory.ts';
import type { MapFolder } from './map-folder.ts';
import { segmentHeaderBytes } from './record-format.ts';
import type { Segment } from './segment.ts';
import { SegmentRewrite } from './segment-rewrite.ts';
import { recordBytes, type SegmentSet } from './segment-set.ts';
import { storeBytes } from './store-usage.ts';

export interface PruneContext {
  readonly directory: DataDirectory;
  readonly maps: MapFolder;
  readonly segments: SegmentSet;
  readonly pins: ChunkPins;
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
    const doomed = context.maps.ids().filter((mapId) => remove.has(mapId));
    const bytesBefore = await storeBytes(context);
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
    const { blockIndexes, chunkIds } = await maps.read(mapId);
    for (let position = 0; position < blockIndexes.length; position += 1) {
      live.add(chunkIdHex(chunkIds, position));
    }
    await nextTurn();
  }
  return live;
}

async function sweep(context: PruneContext, live: ReadonlySet<string>): Promise<number> {
  const { directory, segments, pins } = context;
  const isNeeded = (chunkId: Uint8Array) => live.has(chunkIdHex(chunkId)) || pins.has(chunkId);
  let removedChunks = 0;
  for (const segment of segments.segments())
    removedChunks += await segments.trim(segment, isNeeded);
  await segments.sealIf((active) => neededBytes(segments, isNeeded)(active) < active.sizeBytes);
  await using rewrite = new SegmentRewrite(directory, segments, isNeeded);
  for (const segment of segmentsToRewrite(segments, neededBytes(segments, isNeeded))) {
    await rewrite.move(segment);
  }
  await rewrite.finish();
  return removedChunks + rewrite.removedChunks;
}

/** Those with dead bytes, those that hold least first: they give room for the others. */
function segmentsToRewrite(
  segments: SegmentSet,
  needed: (segment: Segment) => number,
): readonly Segment[] {
  const sealed = segments.segments().filter((segment) => !segments.isActive(segment));
  const small = sealed.filter(({ sizeBytes }) => sizeBytes < segments.segmentBytesMax / smallShare);
  const isTooSmall = (each: Segment) => small.length > smallSegmentsMax && small.includes(each);
  return sealed
    .filter((each) => needed(each) < each.sizeBytes || isTooSmall(each))
    .sort((left, right) => needed(left) - needed(right));
}

/** For each segment the bytes that its needed records and its header take: one walk of the index. */
function neededBytes(
  { index }: SegmentSet,
  isNeeded: (chunkId: Uint8Array) => boolean,
): (segment: Segment) => number {
  const bytes = new Map<number, number>();
  for (const position of index.positions()) {
    if (!isNeeded(index.idAt(position))) continue;
    const location = index.locationAt(position);
    bytes.set(location.segment, (bytes.get(location.segment) ?? 0) + recordBytes(location));
  }
  return ({ number }) => {
    const found = bytes.get(number);
    // A segment that holds nothing needed goes away with its header.
    return found === undefined ? 0 : found + segmentHeaderBytes;
  };
}
