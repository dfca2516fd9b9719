import type { Logger } from '@bakehouse/base';
import { chunkIdHex } from './chunk-id.ts';
import { ChunkIndex, type ChunkLocation } from './chunk-index.ts';
import type { DataDirectory } from './data-directory.ts';
import { type OpenedSegment, openSegments, writeSegmentIndex } from './open-segments.ts';
import type { FoundRecord } from './recover-segment.ts';
import { type Segment, SegmentRetiredError, UnreadableBytesError } from './segment.ts';
import type { SegmentEntry } from './segment-index-format.ts';
import { SegmentRecords } from './segment-records.ts';
import { ChunkMissingError } from './store-errors.ts';

export interface StoredPayload {
  /** Less than the location's stored length when the segment ends within the record. */
  readonly lengthBytes: number | 'unreadable';
  readonly location: ChunkLocation;
  readonly segmentPath: string;
}

const readAttemptsMax = 5;

/**
 * All segments of a store and the index over them: which chunks there are, and where. What is at the end of the
 * last segment may not be flushed yet: see `TailWriter`.
 */
export class SegmentSet {
  readonly index = new ChunkIndex();
  /** Hex ids of chunks whose bytes on disk are known to be wrong. The index keeps them until they are stored anew. */
  readonly #damaged = new Set<string>();
  readonly #directory: DataDirectory;
  readonly #logger: Logger;
  readonly #segments = new Map<number, Segment>();
  readonly #records = new Map<number, SegmentRecords>();
  #nextNumber = 1;

  constructor(directory: DataDirectory, logger: Logger) {
    this.#directory = directory;
    this.#logger = logger;
  }

  /** Reads what is in the folder; see docs/formats/segments.md, "Recovery". */
  async open(): Promise<readonly OpenedSegment[]> {
    const opened = await openSegments(this.#directory, this.#logger);
    for (const { segment, records } of opened) {
      this.adopt(segment);
      for (const record of records) this.#find(segment, record);
    }
    return opened;
  }

  segments(): readonly Segment[] {
    return [...this.#segments.values()];
  }

  /** A number for a segment that is being made. */
  takeNumber(): number {
    return this.#nextNumber++;
  }

  /** Makes a segment one of the set. */
  adopt(segment: Segment): void {
    this.#segments.set(segment.number, segment);
    this.#records.set(segment.number, new SegmentRecords());
    this.#nextNumber = Math.max(this.#nextNumber, segment.number + 1);
  }

  /** Takes a segment out of the set and deletes its file. No index entry may point to it any more. */
  async drop(segment: Segment): Promise<void> {
    this.#segments.delete(segment.number);
    this.#records.delete(segment.number);
    await segment.retire();
  }

  /** The chunk was stored at this place, whole. */
  place(chunkId: Uint8Array, location: ChunkLocation): void {
    this.move(chunkId, location);
    this.#damaged.delete(chunkIdHex(chunkId));
  }

  /** The chunk lies at this place from now on, as whole or damaged as it was. */
  move(chunkId: Uint8Array, location: ChunkLocation): void {
    this.index.set(chunkId, location);
    this.#records.get(location.segment)?.push(chunkId, location.offset);
  }

  /** The chunk is nowhere any more. */
  forget(chunkId: Uint8Array): void {
    this.index.delete(chunkId);
    this.#damaged.delete(chunkIdHex(chunkId));
  }

  /** The bytes at this place are wrong. Nothing is noted when the chunk has been moved or stored anew meanwhile. */
  noteDamage(chunkId: Uint8Array, at: ChunkLocation): void {
    const now = this.index.find(chunkId);
    const isThere = now?.segment === at.segment && now.offset === at.offset;
    if (isThere) this.#damaged.add(chunkIdHex(chunkId));
  }

  /** False when a capture that meets the chunk must store it: it is not there, or damaged. */
  holdsWhole(chunkId: Uint8Array): boolean {
    return this.index.has(chunkId) && !this.#damaged.has(chunkIdHex(chunkId));
  }

  /**
   * Puts the payload of a chunk, as it is on disk and unchecked, into `target`, which has room for a block.
   * Throws ChunkMissingError.
   */
  async readPayload(chunkId: Uint8Array, target: Uint8Array): Promise<StoredPayload> {
    for (let attempt = 1; ; attempt += 1) {
      const location = this.index.find(chunkId);
      const segment = location && this.#segments.get(location.segment);
      if (location === undefined || segment === undefined) {
        throw new ChunkMissingError(chunkIdHex(chunkId));
      }
      const stored = { location, segmentPath: segment.path };
      try {
        const payload = target.subarray(0, location.storedLength);
        return { ...stored, lengthBytes: await segment.readPayloadInto(location.offset, payload) };
      } catch (error) {
        if (error instanceof UnreadableBytesError) return { ...stored, lengthBytes: 'unreadable' };
        // Prune has moved the chunk in between: the index knows where to.
        if (!(error instanceof SegmentRetiredError) || attempt === readAttemptsMax) throw error;
      }
    }
  }

  /** The records of a segment that the index points to, in no order. */
  entriesOf({ number }: Segment): SegmentEntry[] {
    const entries: SegmentEntry[] = [];
    for (const { chunkId, offset } of this.#records.get(number) ?? []) {
      const location = this.index.find(chunkId);
      if (location?.segment !== number || location.offset !== offset) continue;
      entries.push({ ...location, chunkId });
    }
    return entries;
  }

  /** Forgets what the index has of a segment from this offset on. Answers how many chunks that were. */
  forgetBehind(segment: Segment, endBytes: number): number {
    const behind = this.entriesOf(segment).filter(({ offset }) => offset >= endBytes);
    for (const { chunkId } of behind) this.forget(chunkId);
    this.#records.get(segment.number)?.cut(endBytes);
    return behind.length;
  }

  /**
   * Writes the index file of a segment that takes no more records and is flushed. It is a convenience: without
   * one, the segment is read when the store opens.
   */
  async writeIndex(segment: Segment): Promise<void> {
    const entries = this.entriesOf(segment);
    // An index says "good" of what it lists; a damaged record must be found again by its checksum.
    if (entries.some(({ chunkId }) => this.#damaged.has(chunkIdHex(chunkId)))) return;
    await writeSegmentIndex(this.#directory, segment, entries).catch((error: unknown) => {
      this.#logger.log('warn', 'could not write the index of a segment', {
        path: segment.path,
        error,
      });
    });
  }

  async close(): Promise<void> {
    for (const segment of this.#segments.values()) await segment.close();
  }

  /** Of two records of a chunk the later one counts, but no damaged one while there is a whole one. */
  #find(segment: Segment, record: FoundRecord): void {
    const { chunkId, isWhole, offset, storedLength, compressed } = record;
    if (!isWhole && this.holdsWhole(chunkId)) return;
    const location = { segment: segment.number, offset, storedLength, compressed };
    this.place(chunkId, location);
    if (!isWhole) this.noteDamage(chunkId, location);
  }
}
