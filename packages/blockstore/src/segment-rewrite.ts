import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncPath } from '@bakehouse/base';
import { chunkIdHex } from './chunk-id.ts';
import type { ChunkLocation } from './chunk-index.ts';
import { type DataDirectory, segmentName } from './data-directory.ts';
import { storeError } from './durable-files.ts';
import {
  decodeRecordHeader,
  encodeRecordHeader,
  recordBytes,
  recordHeaderBytes,
} from './record-format.ts';
import { Segment } from './segment.ts';
import type { SegmentEntry } from './segment-index-format.ts';
import type { SegmentSet } from './segment-set.ts';

export interface RewriteOptions {
  readonly directory: DataDirectory;
  readonly segments: SegmentSet;
  readonly segmentBytesMax: number;
  readonly isNeeded: (chunkId: Uint8Array) => boolean;
}

/** The index is switched in one step, during which nobody reads: that many records at most. */
const switchedRecordsMax = 16_384;

/**
 * Puts what is needed of some segments into a new one, then deletes them. At every moment each needed
 * chunk is in a segment that the index names and that is on disk.
 */
export class SegmentRewrite implements AsyncDisposable {
  removedChunks = 0;
  readonly #directory: DataDirectory;
  readonly #segments: SegmentSet;
  readonly #segmentBytesMax: number;
  readonly #isNeeded: (chunkId: Uint8Array) => boolean;
  #target: Segment | undefined;
  #sources: Segment[] = [];
  #sourceRecords = 0;
  /** Where the copies are, by hex id; undefined when there was nothing left to copy. */
  #moved = new Map<string, ChunkLocation | undefined>();

  constructor({ directory, segments, segmentBytesMax, isNeeded }: RewriteOptions) {
    this.#directory = directory;
    this.#segments = segments;
    this.#segmentBytesMax = segmentBytesMax;
    this.#isNeeded = isNeeded;
  }

  async move(source: Segment): Promise<void> {
    const waiting = this.#waiting(source);
    const bytes = waiting.reduce((sum, entry) => sum + recordBytes(entry), 0);
    const records = this.#segments.entriesOf(source).length;
    const isFull =
      (this.#target?.sizeBytes ?? 0) + bytes > this.#segmentBytesMax ||
      this.#sourceRecords + records > switchedRecordsMax;
    if (this.#target !== undefined && isFull) await this.finish();
    this.#sources.push(source);
    this.#sourceRecords += records;
    for (const entry of waiting) await this.#copy(source, entry);
    // What gives room at once does so: on a full disk the copies need it.
    if (this.#target === undefined) await this.finish();
  }

  /** Makes the copies durable, switches the index to them and deletes the segments that they came from. */
  async finish(): Promise<void> {
    await this.#publish();
    for (let late = this.#waitingAll(); late.length > 0; late = this.#waitingAll()) {
      for (const { source, entry } of late) await this.#copy(source, entry);
      await this.#publish();
    }
    // From the last look for late comers on nothing is awaited: the switch is one step for everybody else.
    const target = this.#target;
    if (target !== undefined) this.#segments.adopt(target);
    for (const { chunkId } of this.#sources.flatMap((each) => this.#segments.entriesOf(each))) {
      const moved = this.#moved.get(chunkIdHex(chunkId));
      if (moved !== undefined) this.#segments.move(chunkId, moved);
      else {
        this.#segments.forget(chunkId);
        this.removedChunks += 1;
      }
    }
    const sources = this.#sources;
    this.#target = undefined;
    this.#sources = [];
    this.#sourceRecords = 0;
    this.#moved = new Map();
    for (const source of sources) await this.#segments.drop(source);
    if (sources.length > 0) await syncPath(this.#directory.segments);
    if (target !== undefined) await this.#segments.writeIndex(target);
  }

  /** After a failure: the unfinished copy goes, the segments stay as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    const target = this.#target;
    this.#target = undefined;
    await target?.retire();
  }

  /** Needed records of a segment that are not copied yet. */
  #waiting(source: Segment): SegmentEntry[] {
    return this.#segments
      .entriesOf(source)
      .filter(({ chunkId }) => !this.#moved.has(chunkIdHex(chunkId)) && this.#isNeeded(chunkId))
      .sort((left, right) => left.offset - right.offset);
  }

  /** After the copies: chunks that a capture chose to reuse when their segment had been copied. */
  #waitingAll(): { readonly source: Segment; readonly entry: SegmentEntry }[] {
    return this.#sources.flatMap((source) =>
      this.#waiting(source).map((entry) => ({ source, entry })),
    );
  }

  async #copy(source: Segment, entry: SegmentEntry): Promise<void> {
    const { chunkId, compressed } = entry;
    const stored = await source.read(entry.offset, recordBytes(entry));
    const payload = stored.subarray(recordHeaderBytes);
    // A damaged payload keeps the checksum that tells so.
    const payloadCrc = decodeRecordHeader(stored)?.payloadCrc ?? crc32(payload);
    if (payload.length < entry.storedLength || crc32(payload) !== payloadCrc) {
      this.#segments.noteDamage(chunkId, { ...entry, segment: source.number });
    }
    const storedLength = payload.length;
    if (storedLength === 0) {
      this.#moved.set(chunkIdHex(chunkId), undefined);
      return;
    }
    this.#target ??= await this.#createTarget();
    const { number, sizeBytes: offset } = this.#target;
    const header = encodeRecordHeader({ chunkId, compressed, storedLength, payloadCrc });
    await this.#target.append([header, payload]);
    const to = { segment: number, offset, storedLength, compressed };
    this.#moved.set(chunkIdHex(chunkId), to);
  }

  async #createTarget(): Promise<Segment> {
    const number = this.#segments.takeNumber();
    return Segment.create(number, join(this.#directory.tmp, `${segmentName(number)}.seg`));
  }

  /** Brings the copy from `tmp/` to `segments/`, durable. */
  async #publish(): Promise<void> {
    const target = this.#target;
    if (target === undefined) return;
    await target.sync();
    const path = join(this.#directory.segments, `${segmentName(target.number)}.seg`);
    if (target.path === path) return;
    await rename(target.path, path).catch((error: unknown) => {
      throw storeError(error, path);
    });
    target.path = path;
    await syncPath(this.#directory.segments);
  }
}
