import { setImmediate as nextTurn } from 'node:timers/promises';
import { allEnded, type Logger } from '@bakehouse/base';
import type { BlockMapId, PruneResult } from '@bakehouse/domain';
import { segmentHeaderBytes } from '../format/record-format.ts';
import { indexName, segmentKinds } from '../format/store-layout.ts';
import type { OrderFolder } from '../guest-reads/order-folder.ts';
import { recordBytesIn, SealedSegment, type Segment } from '../segments/segment.ts';
import { SegmentRewrite } from '../segments/segment-rewrite.ts';
import type { SegmentSet } from '../segments/segment-set.ts';
import { TailSegment } from '../segments/tail-segment.ts';
import type { TailWriter } from '../segments/tail-writer.ts';
import type { UseEpochs } from '../segments/use-epochs.ts';
import { type MarkContext, markLive } from './mark-live.ts';
import { type SizeContext, storeBytes } from './store-bytes.ts';

export interface PruneContext extends MarkContext, SizeContext {
  /** One for each kind of segment. */
  readonly tails: readonly TailWriter[];
  readonly epochs: UseEpochs;
  readonly orders: Pick<OrderFolder, 'remove'>;
  /** Maps that captures make, and drafts that are being sealed, at this moment. */
  readonly inUse: () => ReadonlySet<BlockMapId>;
  readonly tmp: string;
  readonly logger: Logger;
}

/** Small segments are merged when there are more than this many. */
const smallSegmentsMax = 8;
const smallShare = 8;

/** Mark and sweep; see docs/formats/data-directory.md, "Order of writes". */
export async function pruneStore(
  context: PruneContext,
  remove: ReadonlySet<BlockMapId>,
): Promise<PruneResult> {
  const letEpochsEnd = context.epochs.hold();
  try {
    const bytesBefore = await storeBytes(context);
    // Decided in the moment of the removal: a capture that begins later does not find its base, and rejects.
    const inUse = context.inUse();
    const isRemoved = (mapId: BlockMapId) => remove.has(mapId) && !inUse.has(mapId);
    const maps = context.maps.ids().filter(isRemoved);
    const drafts = context.drafts.ids().filter(isRemoved);
    await allEnded([context.maps.remove(maps), context.drafts.remove(drafts)]);
    await context.orders.remove(maps);
    const removedChunks = await new Sweep(context, await liveTest(context)).run();
    const freedBytes = Math.max(0, bytesBefore - (await storeBytes(context)));
    return { removedMaps: maps.length + drafts.length, removedChunks, freedBytes };
  } finally {
    letEpochsEnd();
  }
}

type IsNeeded = (contentId: Uint8Array) => boolean;

/** Needed is what is marked, and what captures used that run, or that ended while this prune ran. */
async function liveTest(context: PruneContext): Promise<IsNeeded> {
  const { segments, epochs } = context;
  const live = await markLive(context);
  return (contentId) => {
    const entry = segments.index.entryOf(contentId);
    if (entry === undefined) return false;
    return live.has(entry) || segments.index.usedAt(entry) >= epochs.oldestRunning();
  };
}

/** Removes what is not needed from the segments. */
class Sweep {
  readonly #context: PruneContext;
  readonly #segments: SegmentSet;
  readonly #isNeeded: IsNeeded;

  constructor(context: PruneContext, isNeeded: IsNeeded) {
    this.#context = context;
    this.#segments = context.segments;
    this.#isNeeded = isNeeded;
  }

  /** Returns how many chunks were removed; pages are not counted. */
  async run(): Promise<number> {
    const { tails, tmp, logger } = this.#context;
    let removedChunks = 0;
    for (const segment of this.#segments.segments()) {
      const removed = await this.#trim(segment);
      if (segment.kind === 'chunks') removedChunks += removed;
      await nextTurn();
    }
    for (const tail of tails) {
      await tail.sealIf((active) => this.#neededBytes(active) < active.sizeBytes);
    }
    for (const kind of segmentKinds) {
      const segmentBytesMax = tails.find((each) => each.kind === kind)?.segmentBytesMax ?? 0;
      const options = { kind, tmp, segmentBytesMax, isNeeded: this.#isNeeded, logger };
      await using rewrite = new SegmentRewrite({ ...options, segments: this.#segments });
      for (const segment of await this.#segmentsToRewrite(kind, segmentBytesMax)) {
        await rewrite.move(segment);
      }
      await rewrite.finish();
      if (kind === 'chunks') removedChunks += rewrite.removedRecords;
    }
    return removedChunks;
  }

  /**
   * Cuts off what lies behind the last needed record, which needs no room: on a full disk that is what makes some.
   * A segment without needed records stays as it is, to be dropped as a whole.
   */
  async #trim(segment: Segment): Promise<number> {
    if (segment instanceof TailSegment) {
      const tail = this.#context.tails.find((each) => each.kind === segment.kind);
      return (await tail?.trim(segment, () => this.#neededEnd(segment))) ?? 0;
    }
    if (segment instanceof SealedSegment) return this.#trimSealed(segment);
    return 0;
  }

  async #trimSealed(segment: SealedSegment): Promise<number> {
    const { files } = this.#segments;
    const endBytes = this.#neededEnd(segment);
    if (!files.shrink || endBytes === 0 || endBytes >= segment.sizeBytes) return 0;
    const removed = this.#segments.forgetBehind(segment, endBytes);
    // An index that covers more than the segment has would be wrong.
    await files.remove([indexName(segment.kind, segment.number)]);
    await files.shrink(segment.name, endBytes);
    segment.sizeBytes = endBytes;
    await this.#segments.writeIndex(segment);
    return removed;
  }

  /** Those with dead bytes or a flaw, those that hold least first: they make room for the others. */
  async #segmentsToRewrite(
    kind: Segment['kind'],
    segmentBytesMax: number,
  ): Promise<readonly SealedSegment[]> {
    const sealed = this.#segments
      .segments()
      .filter((each) => each instanceof SealedSegment)
      .filter((each) => each.kind === kind);
    const needed = new Map<Segment, number>();
    for (const segment of sealed) {
      needed.set(segment, this.#neededBytes(segment));
      await nextTurn();
    }
    const bytesOf = (segment: Segment) => needed.get(segment) ?? 0;
    const small = sealed.filter(({ sizeBytes }) => sizeBytes < segmentBytesMax / smallShare);
    const isTooSmall = (each: SealedSegment) =>
      small.length > smallSegmentsMax && small.includes(each);
    return sealed
      .filter((each) => {
        const isFlawed = each.flaw !== undefined;
        return isFlawed || bytesOf(each) < each.sizeBytes || isTooSmall(each);
      })
      .sort((left, right) => bytesOf(left) - bytesOf(right));
  }

  #neededEntries(segment: Segment) {
    return this.#segments.entriesOf(segment).filter(({ contentId }) => this.#isNeeded(contentId));
  }

  /** Where the last needed record ends; 0 when there is none. */
  #neededEnd(segment: Segment): number {
    return this.#neededEntries(segment).reduce(
      (end, entry) => Math.max(end, entry.offset + recordBytesIn(segment, entry)),
      0,
    );
  }

  /** The bytes that a segment's needed records and its header take; without such records it is dropped as a whole. */
  #neededBytes(segment: Segment): number {
    const needed = this.#neededEntries(segment);
    if (needed.length === 0) return 0;
    return needed.reduce((sum, entry) => sum + recordBytesIn(segment, entry), segmentHeaderBytes);
  }
}
