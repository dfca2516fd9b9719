import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '@bakehouse/base';
import { chunkIdHex } from './chunk-id.ts';
import { ChunkIndex, type ChunkLocation } from './chunk-index.ts';
import { type DataDirectory, segmentName } from './data-directory.ts';
import { syncFolder } from './durable-files.ts';
import { openSegments, writeSegmentIndex } from './open-segments.ts';
import { encodeRecordHeader, recordHeaderBytes } from './record-format.ts';
import { Segment, SegmentRetiredError } from './segment.ts';
import type { SegmentEntry } from './segment-index-format.ts';
import { ChunkMissingError } from './store-errors.ts';

export interface ChunkPayload {
  readonly chunkId: Uint8Array;
  /** A zstd frame, or the raw bytes. Not to be changed until it is stored. */
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
}

export interface StoredPayload {
  /** Less than the location's stored length when the segment ends within the record. */
  readonly lengthBytes: number;
  readonly location: ChunkLocation;
  readonly segmentPath: string;
}

interface QueuedRecord {
  readonly payload: ChunkPayload;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const batchRecordsMax = 16;
const readAttemptsMax = 5;
/** Flushing in the background from here on keeps the flush at commit short. */
const backgroundSyncBytes = 24 * 1024 * 1024;

/** The bytes that a record takes on disk. */
export function recordBytes(location: { readonly storedLength: number }): number {
  return recordHeaderBytes + location.storedLength;
}

/** All segments of a store, the index over them, and the one writer that appends to the last. */
export class SegmentSet {
  readonly index = new ChunkIndex();
  /** Hex ids of chunks known to be unreadable: captured again, they are stored anew. */
  readonly damaged = new Set<string>();
  readonly #directory: DataDirectory;
  readonly #logger: Logger;
  readonly #segmentBytesMax: number;
  readonly #segments = new Map<number, Segment>();
  #active: Segment | undefined;
  #nextNumber = 1;
  #queue: QueuedRecord[] = [];
  /** Appending and sealing take turns. */
  #turns: Promise<void> = Promise.resolve();
  #backgroundSync: Promise<void> | undefined;

  constructor(directory: DataDirectory, segmentBytesMax: number, logger: Logger) {
    this.#directory = directory;
    this.#segmentBytesMax = segmentBytesMax;
    this.#logger = logger;
  }

  async open(): Promise<void> {
    for (const { segment, records } of await openSegments(this.#directory, this.#logger)) {
      this.adopt(segment);
      for (const record of records) {
        this.index.set(record.chunkId, { ...record, segment: segment.number });
        const hex = chunkIdHex(record.chunkId);
        if (record.isWhole) this.damaged.delete(hex);
        else this.damaged.add(hex);
      }
    }
    const last = this.#segments.get(this.#nextNumber - 1);
    if (last !== undefined && last.sizeBytes < this.#segmentBytesMax) this.#active = last;
  }

  segments(): readonly Segment[] {
    return [...this.#segments.values()];
  }

  get segmentBytesMax(): number {
    return this.#segmentBytesMax;
  }

  /** A number for a segment that is being made elsewhere. */
  takeNumber(): number {
    return this.#nextNumber++;
  }

  /** Makes a finished segment one of the set. */
  adopt(segment: Segment): void {
    this.#segments.set(segment.number, segment);
    this.#nextNumber = Math.max(this.#nextNumber, segment.number + 1);
  }

  /** Takes a segment out of the set and deletes its file. No index entry may point to it any more. */
  async drop(segment: Segment): Promise<void> {
    this.#segments.delete(segment.number);
    await segment.retire();
  }

  /** Appends a record. Resolves when it is written, not when it is durable: see `sync`. */
  append(payload: ChunkPayload): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ payload, resolve, reject });
      if (this.#queue.length === 1) void this.#takeTurn(() => this.#writeQueue());
    });
  }

  /** Makes every record durable whose `append` has resolved. */
  async sync(): Promise<void> {
    const active = this.#active;
    if (active === undefined) return;
    try {
      await this.#backgroundSync;
      await active.sync();
    } catch (error) {
      this.#distrust(active);
      throw error;
    }
  }

  /** Ends the active segment if it should be; the next append begins a new one. */
  sealIf(shouldSeal: (active: Segment) => boolean): Promise<void> {
    return this.#takeTurn(async () => {
      if (this.#active !== undefined && shouldSeal(this.#active)) await this.#sealActive();
    });
  }

  isActive(segment: Segment): boolean {
    return segment === this.#active;
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
      try {
        const payload = target.subarray(0, location.storedLength);
        const lengthBytes = await segment.readPayloadInto(location.offset, payload);
        return { lengthBytes, location, segmentPath: segment.path };
      } catch (error) {
        // Prune has moved the chunk in between: the index knows where to.
        if (!(error instanceof SegmentRetiredError) || attempt === readAttemptsMax) throw error;
      }
    }
  }

  /**
   * Cuts off what lies behind the last needed record, which needs no room: on a full disk that is what makes
   * some. Answers the chunks that went. A segment without needed records stays as it is, to be dropped as a whole.
   */
  async trim(segment: Segment, isNeeded: (chunkId: Uint8Array) => boolean): Promise<number> {
    let removedChunks = 0;
    await this.#takeTurn(async () => {
      const entries = this.entriesOf(segment);
      const needed = entries.filter(({ chunkId }) => isNeeded(chunkId));
      const endBytes = Math.max(0, ...needed.map((entry) => entry.offset + recordBytes(entry)));
      if (endBytes === 0 || endBytes >= segment.sizeBytes) return;
      for (const { chunkId, offset } of entries) {
        if (offset < endBytes) continue;
        this.index.delete(chunkId);
        this.damaged.delete(chunkIdHex(chunkId));
        removedChunks += 1;
      }
      // An index that covers more than the segment has would lie when the segment grows again.
      await segment.removeIndex();
      await syncFolder(this.#directory.segments);
      await segment.truncate(endBytes);
      if (segment !== this.#active) await this.writeIndex(segment);
    });
    return removedChunks;
  }

  /** The records of a segment that the index points to. */
  entriesOf(segment: Segment): SegmentEntry[] {
    const entries: SegmentEntry[] = [];
    for (const position of this.index.positions()) {
      const location = this.index.locationAt(position);
      if (location.segment !== segment.number) continue;
      entries.push({ ...location, chunkId: this.index.idAt(position) });
    }
    return entries;
  }

  async close(): Promise<void> {
    await this.sealIf(() => true);
    for (const segment of this.#segments.values()) await segment.close();
  }

  #takeTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turns.then(work);
    this.#turns = turn.catch(() => {});
    return turn;
  }

  async #writeQueue(): Promise<void> {
    for (;;) {
      const batch = this.#queue.slice(0, batchRecordsMax);
      if (batch.length === 0) return;
      try {
        await this.#writeBatch(batch.map(({ payload }) => payload));
        for (const record of batch) record.resolve();
      } catch (error) {
        for (const record of batch) record.reject(error);
      }
      this.#queue.splice(0, batch.length);
    }
  }

  async #writeBatch(payloads: readonly ChunkPayload[]): Promise<void> {
    if (this.#active !== undefined && this.#active.sizeBytes >= this.#segmentBytesMax) {
      await this.#sealActive();
    }
    this.#active ??= await this.#createSegment();
    const segment = this.#active;
    let offset = segment.sizeBytes;
    await segment.append(payloads.flatMap(encodeRecord));
    for (const { chunkId, bytes, compressed } of payloads) {
      const location = { segment: segment.number, offset, storedLength: bytes.length, compressed };
      this.index.set(chunkId, location);
      this.damaged.delete(chunkIdHex(chunkId));
      offset += recordBytes(location);
    }
    this.#syncInBackground(segment);
  }

  async #createSegment(): Promise<Segment> {
    const number = this.takeNumber();
    const path = join(this.#directory.segments, `${segmentName(number)}.seg`);
    const segment = await Segment.create(number, path);
    await syncFolder(this.#directory.segments);
    this.adopt(segment);
    return segment;
  }

  async #sealActive(): Promise<void> {
    await this.sync();
    const sealed = this.#active;
    this.#active = undefined;
    if (sealed !== undefined) await this.writeIndex(sealed);
  }

  /** An index is a convenience: without it, the segment is read when the store opens. */
  async writeIndex(segment: Segment): Promise<void> {
    const entries = this.entriesOf(segment);
    // An index says "good" of what it lists; a damaged record must be found again by its checksum.
    if (entries.some(({ chunkId }) => this.damaged.has(chunkIdHex(chunkId)))) return;
    await writeSegmentIndex(this.#directory, segment, entries).catch((error: unknown) => {
      this.#logger.log('warn', 'could not write the index of a segment', {
        path: segment.path,
        error,
      });
    });
  }

  #syncInBackground(segment: Segment): void {
    if (this.#backgroundSync !== undefined) return;
    if (segment.sizeBytes - segment.syncedBytes < backgroundSyncBytes) return;
    this.#backgroundSync = segment
      .sync()
      .catch((error: unknown) => {
        this.#distrust(segment);
        this.#logger.log('error', 'could not flush a segment', { path: segment.path, error });
      })
      .finally(() => {
        this.#backgroundSync = undefined;
      });
  }

  /** After a failed flush nobody knows what is on disk: nothing unflushed is used or appended to again. */
  #distrust(segment: Segment): void {
    if (this.#active === segment) this.#active = undefined;
    for (const { chunkId, offset } of this.entriesOf(segment)) {
      if (offset >= segment.syncedBytes) this.damaged.add(chunkIdHex(chunkId));
    }
  }
}

function encodeRecord({ chunkId, bytes, compressed }: ChunkPayload): Uint8Array[] {
  const payloadCrc = crc32(bytes);
  return [
    encodeRecordHeader({ chunkId, compressed, storedLength: bytes.length, payloadCrc }),
    bytes,
  ];
}
