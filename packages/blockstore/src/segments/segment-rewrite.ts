import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '@bakehouse/base';
import { UnreadableBytesError } from '../files/store-files.ts';
import { blockSizeBytes } from '../format/block-size.ts';
import { contentKey } from '../format/content-id.ts';
import {
  decodeRecordHeader,
  encodeRecordHeader,
  type RecordHeader,
  recordHeaderBytes,
  recordVersion,
} from '../format/record-format.ts';
import type { SegmentEntry } from '../format/segment-index-format.ts';
import { type SegmentKind, sealedName, segmentFile } from '../format/store-layout.ts';
import type { ContentLocation } from './content-index.ts';
import { readSegment, recordBytesIn, SealedSegment } from './segment.ts';
import type { SegmentSet } from './segment-set.ts';
import { TailSegment } from './tail-segment.ts';

export interface RewriteOptions {
  readonly segments: SegmentSet;
  readonly kind: SegmentKind;
  /** The local folder of unfinished files. */
  readonly tmp: string;
  readonly segmentBytesMax: number;
  readonly isNeeded: (contentId: Uint8Array) => boolean;
  readonly logger: Logger;
}

/** The index is switched in one step, during which nobody reads: that many records at most. */
const switchedRecordsMax = 16_384;

/**
 * Puts what is needed of some segments into a new one, then deletes them. At every moment each needed
 * chunk and page is in a segment that the index names and that is on disk.
 */
export class SegmentRewrite implements AsyncDisposable {
  removedRecords = 0;
  readonly #options: RewriteOptions;
  readonly #segments: SegmentSet;
  /** The copy in the making. */
  #target: TailSegment | undefined;
  /** The copies that are published, to be switched to. */
  #published: SealedSegment[] = [];
  #sources: SealedSegment[] = [];
  #sourceRecords = 0;
  /** Where the copies are, by key; undefined when there was nothing left to copy. */
  #moved = new Map<string, ContentLocation | undefined>();

  constructor(options: RewriteOptions) {
    this.#options = options;
    this.#segments = options.segments;
  }

  async move(source: SealedSegment): Promise<void> {
    const waiting = this.#waiting(source);
    const bytes = waiting.reduce((sum, entry) => sum + recordBytesIn(source, entry), 0);
    const records = this.#segments.entriesOf(source).length;
    const isFull =
      (this.#target?.sizeBytes ?? 0) + bytes > this.#options.segmentBytesMax ||
      this.#sourceRecords + records > switchedRecordsMax;
    if (this.#target !== undefined && isFull) await this.finish();
    this.#sources.push(source);
    this.#sourceRecords += records;
    const [target, endBytes] = [this.#target, this.#target?.sizeBytes ?? 0];
    if (!(await this.#copyAll(source, waiting))) await this.#cutTarget(target, endBytes);
    // What makes room at once does so: on a full disk the copies need it.
    if (this.#target === undefined) await this.finish();
  }

  /** Makes the copies durable, switches the index to them and deletes the segments that they came from. */
  async finish(): Promise<void> {
    await this.#publish();
    for (let late = this.#waitingAll(); late.length > 0; late = this.#waitingAll()) {
      for (const { source, entries } of late) await this.#copyAll(source, entries);
      await this.#publish();
    }
    // From the last look for late comers on nothing is awaited: the switch is one step for everybody else.
    const [sources, published] = [this.#sources, this.#published];
    for (const segment of published) this.#segments.adopt(segment);
    for (const { contentId } of sources.flatMap((each) => this.#segments.entriesOf(each))) {
      const moved = this.#moved.get(contentKey(contentId));
      if (moved !== undefined) this.#segments.move(contentId, moved);
      else {
        this.#segments.forget(contentId);
        this.removedRecords += 1;
      }
    }
    this.#sources = [];
    this.#published = [];
    this.#sourceRecords = 0;
    this.#moved = new Map();
    for (const source of sources) await this.#segments.drop(source);
    for (const segment of published) await this.#segments.writeIndex(segment);
  }

  /** After a failure: the unfinished copies are removed, the segments stay as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    const [target, published] = [this.#target, this.#published];
    this.#target = undefined;
    this.#published = [];
    await target?.remove();
    await this.#segments.files.remove(published.map(({ name }) => name));
  }

  /** Needed records of a segment that are not copied yet. */
  #waiting(source: SealedSegment): SegmentEntry[] {
    const { isNeeded } = this.#options;
    return this.#segments
      .entriesOf(source)
      .filter(({ contentId }) => !this.#moved.has(contentKey(contentId)) && isNeeded(contentId))
      .sort((left, right) => left.offset - right.offset);
  }

  /** After the copies: contents that a capture chose to reuse when their segment had been copied. */
  #waitingAll() {
    return this.#sources
      .map((source) => ({ source, entries: this.#waiting(source) }))
      .filter(({ entries }) => entries.length > 0);
  }

  /**
   * Copies these records. False when the disk cannot read one of them: the source then stays as it is, and what was
   * copied of it counts for nothing. Captures store that record again, after which the source can be rewritten.
   */
  async #copyAll(source: SealedSegment, entries: readonly SegmentEntry[]): Promise<boolean> {
    for (const entry of entries) {
      try {
        await this.#copy(source, entry);
      } catch (error) {
        if (!(error instanceof UnreadableBytesError)) throw error;
        this.#segments.noteDamage(entry.contentId, { ...entry, segment: source.number });
        this.#leave(source, error);
        return false;
      }
    }
    return true;
  }

  #leave(source: SealedSegment, error: UnreadableBytesError): void {
    this.#options.logger.log('error', 'a segment stays: the disk cannot read all that is needed', {
      segment: source.path,
      error,
    });
    const entries = this.#segments.entriesOf(source);
    this.#sources = this.#sources.filter((each) => each !== source);
    this.#sourceRecords -= entries.length;
    for (const { contentId } of entries) this.#moved.delete(contentKey(contentId));
  }

  /** Takes back what was copied of one source: the target ends where it did, or is gone if there was none. */
  async #cutTarget(target: TailSegment | undefined, endBytes: number): Promise<void> {
    if (target !== undefined) return target.truncate(endBytes);
    const made = this.#target;
    this.#target = undefined;
    await made?.remove();
  }

  async #copy(source: SealedSegment, entry: SegmentEntry): Promise<void> {
    const stored = await readSegment(source, entry.offset, recordBytesIn(source, entry));
    const payload = stored.subarray(recordHeaderBytes(source.version));
    const header = this.#headerOf(stored, source, { entry, payload });
    if (payload.length < entry.storedLength || crc32(payload) !== header.payloadCrc) {
      this.#segments.noteDamage(entry.contentId, { ...entry, segment: source.number });
    }
    const { contentId, compressed } = entry;
    const storedLength = payload.length;
    if (storedLength === 0) {
      this.#moved.set(contentKey(contentId), undefined);
      return;
    }
    this.#target ??= await this.#createTarget();
    const { number, sizeBytes: offset } = this.#target;
    await this.#target.append([encodeRecordHeader({ ...header, storedLength }), payload]);
    const to = { segment: number, offset, storedLength, compressed };
    this.#moved.set(contentKey(contentId), to);
  }

  /** A damaged payload keeps the checksum that shows it; a damaged header is made again. */
  #headerOf(
    stored: Buffer,
    source: SealedSegment,
    { entry, payload }: { readonly entry: SegmentEntry; readonly payload: Buffer },
  ): RecordHeader {
    const { kind } = this.#options;
    const { contentId, compressed, storedLength } = entry;
    return (
      decodeRecordHeader(stored, source.version) ?? {
        kind,
        contentId,
        compressed,
        rawLength: kind === 'pages' ? storedLength : blockSizeBytes,
        storedLength,
        keyId: undefined,
        payloadCrc: crc32(payload),
      }
    );
  }

  async #createTarget(): Promise<TailSegment> {
    const { kind, tmp } = this.#options;
    const number = this.#segments.takeNumber();
    return TailSegment.create(number, { kind, path: join(tmp, segmentFile(number)) });
  }

  /** Makes the copy one of the files that never change, durable. Reads do not find it before the switch. */
  async #publish(): Promise<void> {
    const target = this.#target;
    if (target === undefined) return;
    await target.sync();
    const { files } = this.#segments;
    const { number, kind, sizeBytes } = target;
    await files.adopt(sealedName(kind, number), target.path);
    this.#target = undefined;
    await target.close();
    const version = recordVersion;
    this.#published.push(new SealedSegment({ files, number, kind, version, sizeBytes }));
  }
}
