import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { chunkIdHex } from './chunk-id.ts';
import type { ChunkLocation } from './chunk-index.ts';
import { type DataDirectory, segmentName } from './data-directory.ts';
import { storeError, syncFolder } from './durable-files.ts';
import { decodeRecordHeader, encodeRecordHeader, recordHeaderBytes } from './record-format.ts';
import { Segment } from './segment.ts';
import type { SegmentEntry } from './segment-index-format.ts';
import { recordBytes, type SegmentSet } from './segment-set.ts';

interface MovedChunk {
  readonly chunkId: Uint8Array;
  readonly to: ChunkLocation;
}

/**
 * Puts what is needed of some segments into a new one, then deletes them. At every moment each needed
 * chunk is in a segment that the index names and that is on disk.
 */
export class SegmentRewrite implements AsyncDisposable {
  removedChunks = 0;
  readonly #directory: DataDirectory;
  readonly #segments: SegmentSet;
  readonly #isNeeded: (chunkId: Uint8Array) => boolean;
  #target: Segment | undefined;
  #sources: Segment[] = [];
  #moved = new Map<string, MovedChunk>();

  constructor(
    directory: DataDirectory,
    segments: SegmentSet,
    isNeeded: (chunkId: Uint8Array) => boolean,
  ) {
    this.#directory = directory;
    this.#segments = segments;
    this.#isNeeded = isNeeded;
  }

  async move(source: Segment): Promise<void> {
    const waiting = this.#waiting(source);
    const bytes = waiting.reduce((sum, entry) => sum + recordBytes(entry), 0);
    const isFull = (this.#target?.sizeBytes ?? 0) + bytes > this.#segments.segmentBytesMax;
    if (this.#target !== undefined && isFull) await this.finish();
    this.#sources.push(source);
    for (const entry of waiting) await this.#copy(source, entry);
    // What gives room at once does so: on a full disk the copies need it.
    if (this.#target === undefined) await this.finish();
  }

  /** Makes the copies durable, switches the index to them and deletes the segments that they came from. */
  async finish(): Promise<void> {
    await this.#publish();
    while (await this.#copyLateComers()) await this.#publish();
    // From here to the end of the loops nothing is awaited: the switch is one step for everybody else.
    const { index } = this.#segments;
    const target = this.#target;
    if (target !== undefined) this.#segments.adopt(target);
    for (const { chunkId } of this.#sources.flatMap((each) => this.#segments.entriesOf(each))) {
      const moved = this.#moved.get(chunkIdHex(chunkId));
      if (moved !== undefined) index.set(chunkId, moved.to);
      else {
        index.delete(chunkId);
        this.#segments.damaged.delete(chunkIdHex(chunkId));
        this.removedChunks += 1;
      }
    }
    const sources = this.#sources;
    this.#target = undefined;
    this.#sources = [];
    this.#moved = new Map();
    for (const source of sources) await this.#segments.drop(source);
    if (sources.length > 0) await syncFolder(this.#directory.segments);
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

  /** Chunks that a capture chose to reuse after their segment was copied. True when there were some. */
  async #copyLateComers(): Promise<boolean> {
    const late = this.#sources.flatMap((source) =>
      this.#waiting(source).map((entry) => ({ source, entry })),
    );
    for (const { source, entry } of late) await this.#copy(source, entry);
    return late.length > 0;
  }

  async #copy(source: Segment, entry: SegmentEntry): Promise<void> {
    const { chunkId, compressed } = entry;
    const stored = await source.read(entry.offset, recordBytes(entry));
    const payload = stored.subarray(recordHeaderBytes);
    // A damaged payload keeps the checksum that tells so.
    const payloadCrc = decodeRecordHeader(stored)?.payloadCrc ?? crc32(payload);
    if (payload.length < entry.storedLength || crc32(payload) !== payloadCrc) {
      this.#segments.damaged.add(chunkIdHex(chunkId));
    }
    const storedLength = payload.length;
    if (storedLength === 0) return;
    this.#target ??= await this.#createTarget();
    const { number, sizeBytes: offset } = this.#target;
    const header = encodeRecordHeader({ chunkId, compressed, storedLength, payloadCrc });
    await this.#target.append([header, payload]);
    const to = { segment: number, offset, storedLength, compressed };
    this.#moved.set(chunkIdHex(chunkId), { chunkId, to });
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
    await syncFolder(this.#directory.segments);
  }
}
