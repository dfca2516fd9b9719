import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Logger, syncPath } from '@bakehouse/base';
import { type DataDirectory, segmentName } from './data-directory.ts';
import { encodeRecordHeader, recordBytes, segmentHeaderBytes } from './record-format.ts';
import { Segment } from './segment.ts';
import type { SegmentSet } from './segment-set.ts';
import { FlushFailedError } from './store-errors.ts';
import { Turns } from './turns.ts';

export interface ChunkPayload {
  readonly chunkId: Uint8Array;
  /** A zstd frame, or the raw bytes. Not to be changed until it is stored. */
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
}

/** What a capture holds from before it looks its first chunk up until its map is made. */
export interface FlushWatch {
  /**
   * Makes every record durable whose `append` has resolved. Throws when any flush has failed since the watch
   * began, whoever asked for it: chunks that the capture stored or met may be gone.
   */
  sync(): Promise<void>;
}

export interface TailWriterOptions {
  readonly directory: DataDirectory;
  readonly segments: SegmentSet;
  /** A segment that has this many bytes takes no more records. */
  readonly segmentBytesMax: number;
  readonly logger: Logger;
}

interface QueuedRecord {
  readonly payload: ChunkPayload;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const batchRecordsMax = 16;
/** Flushing in the background from here on keeps the flush at commit short. */
const backgroundSyncBytes = 24 * 1024 * 1024;

/**
 * The one writer to the end of the store: it appends to the active segment, flushes it, cuts dead ends off and
 * seals it. A flush that fails undoes all that was not flushed before: those records were never written.
 */
export class TailWriter {
  readonly segmentBytesMax: number;
  readonly #directory: DataDirectory;
  readonly #segments: SegmentSet;
  readonly #logger: Logger;
  #active: Segment | undefined;
  #queue: QueuedRecord[] = [];
  /** Appending, sealing and cutting take turns. Flushing does not: records are written meanwhile. */
  readonly #turns = new Turns();
  #backgroundSync: Promise<void> | undefined;
  /** Changes when a flush fails, and in the same moment in which the unflushed records are forgotten. */
  #failedFlushes = 0;

  constructor({ directory, segments, segmentBytesMax, logger }: TailWriterOptions) {
    this.segmentBytesMax = segmentBytesMax;
    this.#directory = directory;
    this.#segments = segments;
    this.#logger = logger;
    const last = segments.segments().at(-1);
    const takesMore = last?.flaw === undefined && (last?.sizeBytes ?? 0) < segmentBytesMax;
    if (takesMore) this.#active = last;
  }

  isActive(segment: Segment): boolean {
    return segment === this.#active;
  }

  /** Appends a record. Resolves when it is written, not when it is durable: see `watch`. */
  append(payload: ChunkPayload): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ payload, resolve, reject });
      if (this.#queue.length === 1) void this.#turns.take(() => this.#writeQueue());
    });
  }

  watch(): FlushWatch {
    const failedBefore = this.#failedFlushes;
    return {
      sync: async () => {
        if (this.#active !== undefined) await this.#flush(this.#active);
        if (this.#failedFlushes !== failedBefore) {
          throw new FlushFailedError(this.#directory.segments);
        }
      },
    };
  }

  /** Ends the active segment if it should be; the next append begins a new one. */
  sealIf(shouldSeal: (active: Segment) => boolean): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#active !== undefined && shouldSeal(this.#active)) await this.#sealActive();
    });
  }

  /**
   * Cuts off what lies behind the last needed record, which needs no room: on a full disk that is what makes
   * some. Answers how many chunks went. A segment without needed records stays as it is, to be dropped as a whole.
   */
  trim(segment: Segment, isNeeded: (chunkId: Uint8Array) => boolean): Promise<number> {
    return this.#turns.take(async () => {
      await this.#undoUnflushed(segment);
      const needed = this.#segments.entriesOf(segment).filter(({ chunkId }) => isNeeded(chunkId));
      const endBytes = needed.reduce(
        (end, entry) => Math.max(end, entry.offset + recordBytes(entry)),
        0,
      );
      if (endBytes === 0 || endBytes >= segment.sizeBytes) return 0;
      const removedChunks = this.#segments.forgetBehind(segment, endBytes);
      // An index that covers more than the segment has would lie when the segment grows again.
      await segment.removeIndex();
      await syncPath(this.#directory.segments);
      try {
        await segment.truncate(endBytes);
      } catch (error) {
        await this.#undoUnflushed(segment);
        throw error;
      }
      if (segment !== this.#active) await this.#segments.writeIndex(segment);
      return removedChunks;
    });
  }

  /** Seals the active segment. */
  close(): Promise<void> {
    return this.sealIf(() => true);
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
    const full = this.#active;
    if (full?.isInDoubt) await this.#undoUnflushed(full);
    else if (full !== undefined && full.sizeBytes >= this.segmentBytesMax) await this.#sealActive();
    this.#active ??= await this.#createSegment();
    const segment = this.#active;
    let offset = segment.sizeBytes;
    await segment.append(payloads.flatMap(encodeRecord));
    for (const { chunkId, bytes, compressed } of payloads) {
      const location = { segment: segment.number, offset, storedLength: bytes.length, compressed };
      this.#segments.place(chunkId, location);
      offset += recordBytes(location);
    }
    this.#syncInBackground(segment);
  }

  async #createSegment(): Promise<Segment> {
    const number = this.#segments.takeNumber();
    const path = join(this.#directory.segments, `${segmentName(number)}.seg`);
    const segment = await Segment.create(number, path);
    try {
      await syncPath(this.#directory.segments);
    } catch (error) {
      await segment.retire();
      throw error;
    }
    this.#segments.adopt(segment);
    return segment;
  }

  /** Within a turn. */
  async #sealActive(): Promise<void> {
    const sealed = this.#active;
    if (sealed === undefined) return;
    try {
      await sealed.sync();
    } catch (error) {
      this.#failedFlushes += 1;
      await this.#undoUnflushed(sealed);
      throw error;
    }
    this.#active = undefined;
    await this.#segments.writeIndex(sealed);
  }

  async #flush(segment: Segment): Promise<void> {
    try {
      await segment.sync();
    } catch (error) {
      this.#failedFlushes += 1;
      this.#logger.log('error', 'could not flush a segment', { path: segment.path, error });
      await this.#turns.take(() => this.#undoUnflushed(segment));
      throw error;
    }
  }

  #syncInBackground(segment: Segment): void {
    if (this.#backgroundSync !== undefined) return;
    if (segment.sizeBytes - segment.syncedBytes < backgroundSyncBytes) return;
    // Whoever counts on these records hears of a failure through its watch.
    this.#backgroundSync = this.#flush(segment)
      .catch(() => {})
      .finally(() => {
        this.#backgroundSync = undefined;
      });
  }

  /**
   * Within a turn, after a failed flush. Nobody knows what of the unflushed bytes is on disk, and the next flush
   * would say that all of it is: the records are forgotten and cut off, and the segment takes no more.
   */
  async #undoUnflushed(segment: Segment): Promise<void> {
    if (!segment.isInDoubt) return;
    this.#failedFlushes += 1;
    if (this.#active === segment) this.#active = undefined;
    const { syncedBytes } = segment;
    this.#segments.forgetBehind(segment, syncedBytes);
    try {
      if (syncedBytes <= segmentHeaderBytes) await this.#segments.drop(segment);
      else {
        await segment.truncate(syncedBytes);
        await this.#segments.writeIndex(segment);
      }
    } catch (error) {
      this.#logger.log('error', 'could not cut off what was not flushed; prune tries again', {
        path: segment.path,
        error,
      });
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
