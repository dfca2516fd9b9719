import type { Logger } from '@bakehouse/base';
import { FileMissingError, type StoreFiles, UnreadableBytesError } from '../files/store-files.ts';
import { contentIdHex, contentKey } from '../format/content-id.ts';
import { recordHeaderBytes } from '../format/record-format.ts';
import { encodeSegmentIndex } from '../format/segment-index-format.ts';
import { indexName } from '../format/store-layout.ts';
import { ContentMissingError } from '../store-errors.ts';
import { ContentIndex, type ContentLocation, type IndexEntry } from './content-index.ts';
import { type OpenedSegment, openSegments } from './open-segments.ts';
import type { FoundRecord } from './recover-segment.ts';
import { SealedSegment, type Segment } from './segment.ts';
import { TailSegment } from './tail-segment.ts';

export interface StoredPayload {
  /** Less than the location's stored length when the segment ends within the record. */
  readonly lengthBytes: number | 'unreadable';
  readonly location: ContentLocation;
  readonly segmentPath: string;
}

/** What opening found at the end of a segment. */
export type OpenedEnd = Omit<OpenedSegment, 'records'> & { readonly recordCount: number };

const readAttemptsMax = 5;

/**
 * All segments of a store and the index over them: which chunks and pages exist, and where. What is at the end of a
 * tail may not be flushed yet: see `TailWriter`.
 */
export class SegmentSet {
  readonly index = new ContentIndex();
  readonly files: StoreFiles;
  /** The local folder of segments that still take records. */
  readonly tail: string;
  /** Keys of contents whose bytes on disk are known to be wrong. The index keeps them until they are stored again. */
  readonly #damaged = new Set<string>();
  readonly #logger: Logger;
  readonly #segments = new Map<number, Segment>();
  #nextNumber = 1;

  constructor(options: {
    readonly files: StoreFiles;
    readonly tail: string;
    readonly logger: Logger;
  }) {
    this.files = options.files;
    this.tail = options.tail;
    this.#logger = options.logger;
  }

  /** Reads what exists; see docs/formats/segments.md, "Recovery". */
  async open(): Promise<readonly OpenedEnd[]> {
    const ends: OpenedEnd[] = [];
    const { files, tail } = this;
    for await (const opened of openSegments({ files, tail, logger: this.#logger })) {
      const { records, ...end } = opened;
      this.adopt(end.segment);
      for (const record of records) this.#find(end.segment, record);
      ends.push({ ...end, recordCount: records.length });
    }
    return ends;
  }

  segments(): readonly Segment[] {
    return [...this.#segments.values()];
  }

  segmentOf({ segment }: Pick<ContentLocation, 'segment'>): Segment | undefined {
    return this.#segments.get(segment);
  }

  has(segment: Segment): boolean {
    return this.#segments.get(segment.number) === segment;
  }

  /** A number for a segment that is being made. */
  takeNumber(): number {
    return this.#nextNumber++;
  }

  /** Makes a segment one of the set, or replaces the one of the same number: the same records, sealed. */
  adopt(segment: Segment): void {
    this.#segments.set(segment.number, segment);
    this.#nextNumber = Math.max(this.#nextNumber, segment.number + 1);
  }

  /** Takes a segment out of the set and deletes its files. No index entry may point to it any more. */
  async drop(segment: Segment): Promise<void> {
    this.#segments.delete(segment.number);
    if (segment instanceof TailSegment) await segment.remove();
    if (!(segment instanceof SealedSegment)) return;
    await this.files.remove([segment.name, indexName(segment.kind, segment.number)]);
  }

  /**
   * The content was appended at this place, whole, for this epoch. One that is stored already, as two captures may store
   * the same page at the same time, stays where it is: a map may rely on that record, and the new one is not flushed.
   */
  place(contentId: Uint8Array, location: ContentLocation, usedAt: number): void {
    if (!this.use(contentId, usedAt)) this.#replace(contentId, location, usedAt);
  }

  /** The content lies at this place from now on, as whole or damaged as it was. */
  move(contentId: Uint8Array, location: ContentLocation): void {
    this.index.set(contentId, location);
  }

  /** The content is nowhere any more. */
  forget(contentId: Uint8Array): void {
    this.index.delete(contentId);
    this.#damaged.delete(contentKey(contentId));
  }

  /** The bytes at this place are wrong. Nothing is noted when the content has been moved or stored again meanwhile. */
  noteDamage(contentId: Uint8Array, at: Pick<ContentLocation, 'segment' | 'offset'>): void {
    const now = this.index.find(contentId);
    const isThere = now?.segment === at.segment && now.offset === at.offset;
    if (isThere) this.#damaged.add(contentKey(contentId));
  }

  /**
   * Notes a use and returns true when the content is stored and not known to be damaged. False when who needs it
   * must store it.
   */
  use(contentId: Uint8Array, epoch: number): boolean {
    const entry = this.index.entryOf(contentId);
    if (entry === undefined) return false;
    this.index.noteUse(entry, epoch);
    return this.#damaged.size === 0 || !this.#damaged.has(contentKey(contentId));
  }

  /**
   * Puts the payload of a chunk or page, as it is on disk and unchecked, into `target`, which must have room for
   * it. Throws ContentMissingError.
   */
  async readPayload(contentId: Uint8Array, target: Uint8Array): Promise<StoredPayload> {
    for (let attempt = 1; ; attempt += 1) {
      const location = this.index.find(contentId);
      const segment = location && this.#segments.get(location.segment);
      if (location === undefined || segment === undefined) {
        throw new ContentMissingError(contentIdHex(contentId));
      }
      const stored = { location, segmentPath: segment.path };
      const start = location.offset + recordHeaderBytes(segment.version);
      try {
        const payload = target.subarray(0, location.storedLength);
        return { ...stored, lengthBytes: await segment.readInto(start, payload) };
      } catch (error) {
        if (error instanceof UnreadableBytesError) return { ...stored, lengthBytes: 'unreadable' };
        // Prune has moved the content, or the tail was sealed in between: the index knows where to.
        if (!(error instanceof FileMissingError) || attempt === readAttemptsMax) throw error;
      }
    }
  }

  /** The records of a segment that the index points to, in no order. */
  entriesOf({ number }: Segment): readonly IndexEntry[] {
    return this.index.entriesOf(number);
  }

  /** Forgets what the index has of a segment from this offset on. Returns how many chunks and pages that were. */
  forgetBehind(segment: Segment, endBytes: number): number {
    const behind = this.entriesOf(segment).filter(({ offset }) => offset >= endBytes);
    for (const { contentId } of behind) this.forget(contentId);
    return behind.length;
  }

  /**
   * Writes the index file of a sealed segment. It is a convenience: without one, the segment is read when the store
   * opens.
   */
  async writeIndex(segment: SealedSegment): Promise<void> {
    const { kind, number, sizeBytes: coveredBytes } = segment;
    const entries = this.entriesOf(segment).toSorted((left, right) => left.offset - right.offset);
    // An index says "good" of what it lists; a damaged record must be found again by its checksum.
    const isAllGood = !entries.some(({ contentId }) => this.#damaged.has(contentKey(contentId)));
    if (!isAllGood) return;
    const bytes = encodeSegmentIndex({ number, coveredBytes, entries });
    await this.files.publish(indexName(kind, number), bytes).catch((error: unknown) => {
      const { path } = segment;
      this.#logger.log('warn', 'could not write the index of a segment', { path, error });
    });
  }

  async close(): Promise<void> {
    for (const segment of this.#segments.values()) {
      if (segment instanceof TailSegment) await segment.close();
    }
  }

  /** Of two records of one content the later one counts, but no damaged one while there is a whole one. */
  #find(segment: Segment, record: FoundRecord): void {
    const { contentId, isWhole, offset, storedLength, compressed } = record;
    const isKnownWhole = this.index.has(contentId) && !this.#damaged.has(contentKey(contentId));
    if (!isWhole && isKnownWhole) return;
    const location = { segment: segment.number, offset, storedLength, compressed };
    this.#replace(contentId, location, 0);
    if (!isWhole) this.noteDamage(contentId, location);
  }

  #replace(contentId: Uint8Array, location: ContentLocation, usedAt: number): void {
    this.index.noteUse(this.index.set(contentId, location), usedAt);
    this.#damaged.delete(contentKey(contentId));
  }
}
