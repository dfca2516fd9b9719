import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Logger, serialQueue } from '@bakehouse/base';
import { syncPath } from '@bakehouse/host';
import {
  encodeRecordHeader,
  recordHeaderBytes,
  segmentHeaderBytes,
} from '../format/record-format.ts';
import { type SegmentKind, sealedName, segmentFile } from '../format/store-layout.ts';
import { FlushFailedError } from '../store-errors.ts';
import { makeFolder } from './open-segments.ts';
import { SealedSegment } from './segment.ts';
import type { SegmentSet } from './segment-set.ts';
import { TailSegment } from './tail-segment.ts';

/** A chunk or a page to store. */
export interface RecordPayload {
  readonly contentId: Uint8Array;
  /** A zstd frame, or the raw bytes. Not to be changed until it is stored. */
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
  readonly rawLength: number;
  /** The epoch that needs it: see `UseEpochs`. */
  readonly usedAt: number;
}

/** What a capture holds from before it looks its first chunk up until its map is made. */
export interface FlushWatch {
  /**
   * Makes every record durable whose `append` has resolved. Throws when any flush has failed since the watch
   * began, whoever asked for it: contents that the capture stored or reused may be lost.
   */
  sync(): Promise<void>;
}

export interface TailWriterOptions {
  readonly segments: SegmentSet;
  readonly kind: SegmentKind;
  /** A segment that has this many bytes takes no more records. */
  readonly segmentBytesMax: number;
  readonly logger: Logger;
}

interface QueuedRecords {
  readonly payloads: readonly RecordPayload[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const batchRecordsMax = 64;
/** Flushing in the background from here on keeps the flush at commit short. */
const backgroundSyncBytes = 24 * 1024 * 1024;

/**
 * The one writer to the end of the store's chunks, or of its pages: it appends to the active segment, flushes it, cuts
 * dead ends off and seals it. A flush that fails undoes all that was not flushed before: those records were never
 * written.
 */
export class TailWriter {
  readonly kind: SegmentKind;
  readonly segmentBytesMax: number;
  readonly #segments: SegmentSet;
  readonly #logger: Logger;
  #active: TailSegment | undefined;
  #queue: QueuedRecords[] = [];
  /** Appending, sealing and cutting take turns. Flushing does not: records are written meanwhile. */
  readonly #turns = serialQueue();
  #backgroundSync: Promise<void> | undefined;
  /** Changes when a flush fails, and in the same moment in which the unflushed records are forgotten. */
  #failedFlushes = 0;

  constructor({ segments, kind, segmentBytesMax, logger }: TailWriterOptions) {
    this.kind = kind;
    this.segmentBytesMax = segmentBytesMax;
    this.#segments = segments;
    this.#logger = logger;
  }

  /** Goes on with the last tail that opening found; seals the others. */
  async open(): Promise<void> {
    const isTail = (each: unknown): each is TailSegment =>
      each instanceof TailSegment && each.kind === this.kind;
    const tails = this.#segments.segments().filter(isTail);
    const takesMore = (each: TailSegment) =>
      each.flaw === undefined && each.sizeBytes < this.segmentBytesMax;
    this.#active = tails.findLast(takesMore);
    for (const tail of tails) {
      if (tail === this.#active) continue;
      await this.#publish(tail).catch((error: unknown) => {
        // It is read where it is; the next opening tries again.
        this.#logger.log('error', 'could not seal a segment', { path: tail.path, error });
      });
    }
  }

  isActive(segment: unknown): boolean {
    return segment === this.#active;
  }

  /** Appends records. Resolves when they are written, not when they are durable: see `watch`. */
  append(payloads: readonly RecordPayload[]): Promise<void> {
    if (payloads.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#queue.push({ payloads, resolve, reject });
      if (this.#queue.length === 1) void this.#turns(() => this.#writeQueue());
    });
  }

  watch(): FlushWatch {
    const failedBefore = this.#failedFlushes;
    return {
      sync: async () => {
        if (this.#active !== undefined) await this.#flush(this.#active);
        if (this.#failedFlushes !== failedBefore) {
          throw new FlushFailedError(this.#segments.tail);
        }
      },
    };
  }

  /** Ends the active segment if it should be; the next append begins a new one. */
  sealIf(shouldSeal: (active: TailSegment) => boolean): Promise<void> {
    return this.#turns(async () => {
      if (this.#active !== undefined && shouldSeal(this.#active)) await this.#sealActive();
    });
  }

  /**
   * Cuts off what lies behind the last needed record, which `findEnd` returns, of a tail. Returns how many records
   * were removed from the index. A segment without needed records stays as it is, to be dropped as a whole.
   */
  trim(segment: TailSegment, findEnd: () => number): Promise<number> {
    return this.#turns(async () => {
      await this.#undoUnflushed(segment);
      // Sealed or dropped before this turn came: its file is closed.
      if (!this.#segments.has(segment)) return 0;
      const endBytes = findEnd();
      if (endBytes === 0 || endBytes >= segment.sizeBytes) return 0;
      const removed = this.#segments.forgetBehind(segment, endBytes);
      try {
        await segment.truncate(endBytes);
      } catch (error) {
        await this.#undoUnflushed(segment);
        throw error;
      }
      return removed;
    });
  }

  /** Makes what was written durable and leaves the active segment to the next opening. */
  close(): Promise<void> {
    return this.#turns(async () => {
      await this.#active?.sync();
    });
  }

  async #writeQueue(): Promise<void> {
    for (;;) {
      const batch = this.#takeBatch();
      if (batch.length === 0) return;
      try {
        await this.#writeBatch(batch.flatMap(({ payloads }) => payloads));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      this.#queue.splice(0, batch.length);
    }
  }

  #takeBatch(): readonly QueuedRecords[] {
    let count = 0;
    const end = this.#queue.findIndex(({ payloads }) => {
      count += payloads.length;
      return count > batchRecordsMax;
    });
    return end === -1 ? [...this.#queue] : this.#queue.slice(0, Math.max(1, end));
  }

  async #writeBatch(payloads: readonly RecordPayload[]): Promise<void> {
    const full = this.#active;
    if (full?.isInDoubt) await this.#undoUnflushed(full);
    else if (full !== undefined && full.sizeBytes >= this.segmentBytesMax) await this.#sealActive();
    this.#active ??= await this.#createSegment();
    const segment = this.#active;
    let offset = segment.sizeBytes;
    await segment.append(payloads.flatMap((payload) => this.#encodeRecord(payload)));
    for (const { contentId, bytes, compressed, usedAt } of payloads) {
      const location = { segment: segment.number, offset, storedLength: bytes.length, compressed };
      this.#segments.place(contentId, location, usedAt);
      offset += recordHeaderBytes() + bytes.length;
    }
    this.#syncInBackground(segment);
  }

  #encodeRecord(payload: RecordPayload): Uint8Array[] {
    const { contentId, bytes, compressed, rawLength } = payload;
    const lengths = { rawLength, storedLength: bytes.length };
    const header = { kind: this.kind, contentId, compressed, ...lengths, keyId: undefined };
    return [encodeRecordHeader({ ...header, payloadCrc: crc32(bytes) }), bytes];
  }

  async #createSegment(): Promise<TailSegment> {
    const { tail } = this.#segments;
    await makeFolder(tail);
    const number = this.#segments.takeNumber();
    const path = join(tail, segmentFile(number));
    const segment = await TailSegment.create(number, { kind: this.kind, path });
    try {
      await syncPath(tail);
    } catch (error) {
      await segment.remove();
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
    await this.#publish(sealed);
  }

  /** Moves a segment that is flushed, or that opening found as it is, to the files that never change. */
  async #publish(tail: TailSegment): Promise<void> {
    const { number, kind, version, sizeBytes, flaw } = tail;
    const { files } = this.#segments;
    await files.adopt(sealedName(kind, number), tail.path);
    if (this.#active === tail) this.#active = undefined;
    const sealed = new SealedSegment({ files, number, kind, version, sizeBytes, flaw });
    this.#segments.adopt(sealed);
    await tail.close();
    await this.#segments.writeIndex(sealed);
  }

  async #flush(segment: TailSegment): Promise<void> {
    try {
      await segment.sync();
    } catch (error) {
      this.#failedFlushes += 1;
      this.#logger.log('error', 'could not flush a segment', { path: segment.path, error });
      await this.#turns(() => this.#undoUnflushed(segment));
      throw error;
    }
  }

  #syncInBackground(segment: TailSegment): void {
    if (this.#backgroundSync !== undefined) return;
    if (segment.sizeBytes - segment.syncedBytes < backgroundSyncBytes) return;
    // Whoever counts on these records learns of a failure through its watch.
    this.#backgroundSync = this.#flush(segment)
      .catch(() => {})
      .finally(() => {
        this.#backgroundSync = undefined;
      });
  }

  /**
   * Within a turn, after a failed flush. Nobody knows what of the unflushed bytes is on disk, and the next flush
   * would report that all of it is: the records are forgotten and cut off, and the segment takes no more.
   */
  async #undoUnflushed(segment: TailSegment): Promise<void> {
    if (!segment.isInDoubt) return;
    this.#failedFlushes += 1;
    if (this.#active === segment) this.#active = undefined;
    const { syncedBytes } = segment;
    this.#segments.forgetBehind(segment, syncedBytes);
    try {
      if (syncedBytes <= segmentHeaderBytes) await this.#segments.drop(segment);
      else {
        await segment.truncate(syncedBytes);
        await this.#publish(segment);
      }
    } catch (error) {
      this.#logger.log('error', 'could not cut off what was not flushed; prune tries again', {
        path: segment.path,
        error,
      });
    }
  }
}
