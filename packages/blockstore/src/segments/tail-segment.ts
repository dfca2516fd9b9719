import { type FileHandle, open, rm } from 'node:fs/promises';
import { serialQueue } from '@bakehouse/base';
import { writeError } from '../files/disk-errors.ts';
import { readHandle } from '../files/read-handle.ts';
import { FileMissingError } from '../files/store-files.ts';
import {
  encodeSegmentHeader,
  type RecordVersion,
  recordVersion,
  segmentHeaderBytes,
} from '../format/record-format.ts';
import type { SegmentKind } from '../format/store-layout.ts';
import { FlushFailedError } from '../store-errors.ts';
import type { Segment } from './segment.ts';

interface TailOptions {
  readonly number: number;
  readonly kind: SegmentKind;
  readonly path: string;
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly flaw?: string | undefined;
}

/** A local file that records are appended to. */
export class TailSegment implements Segment {
  readonly number: number;
  readonly kind: SegmentKind;
  readonly version: RecordVersion = recordVersion;
  readonly path: string;
  flaw: string | undefined;
  readonly #handle: FileHandle;
  #sizeBytes: number;
  #syncedBytes = 0;
  #isInDoubt = false;
  #isClosed = false;
  /** A flush counts as flushed what the file had when it began: nothing is cut off meanwhile. */
  readonly #flushes = serialQueue();

  constructor({ number, kind, path, handle, sizeBytes, flaw }: TailOptions) {
    this.number = number;
    this.kind = kind;
    this.path = path;
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
    this.flaw = flaw;
  }

  static async create(
    number: number,
    options: { readonly kind: SegmentKind; readonly path: string },
  ): Promise<TailSegment> {
    const { kind, path } = options;
    try {
      const handle = await open(path, 'wx+', 0o600);
      const segment = new TailSegment({ number, kind, path, handle, sizeBytes: 0 });
      const header = encodeSegmentHeader(number, kind);
      await segment.append([header]).catch(async (error: unknown) => {
        await segment.remove();
        throw error;
      });
      return segment;
    } catch (error) {
      throw writeError(error, path);
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** What is surely on disk. */
  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  /**
   * True after a failed flush: the kernel may have dropped what lies behind `syncedBytes`, and reports success for
   * a later flush. Only cutting that off ends the doubt.
   */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  async readInto(offset: number, target: Uint8Array): Promise<number> {
    if (this.#isClosed) throw new FileMissingError(this.path);
    return readHandle(this.#handle, this.path, { offset, target });
  }

  /**
   * Writes at the end, all or nothing: never called while another append runs. Throws StoreFullError when
   * there is no room, with the segment as it was.
   */
  async append(pieces: readonly Uint8Array[]): Promise<void> {
    const total = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    try {
      await writeAll(this.#handle, pieces, this.#sizeBytes);
      this.#sizeBytes += total;
    } catch (error) {
      // Bytes that remain all the same are overwritten, or cut off when the store opens.
      await this.#handle.truncate(this.#sizeBytes).catch(() => {});
      throw writeError(error, this.path);
    }
  }

  /** Makes durable what has been appended so far. Throws FlushFailedError while the segment is in doubt. */
  sync(): Promise<void> {
    return this.#flushes(async () => {
      if (this.#isInDoubt) throw new FlushFailedError(this.path);
      const sizeBytes = this.#sizeBytes;
      if (this.#syncedBytes >= sizeBytes) return;
      await this.#handle.datasync().catch((error: unknown) => {
        this.#isInDoubt = true;
        throw flushError(error, this.path);
      });
      this.#syncedBytes = sizeBytes;
    });
  }

  /**
   * Cuts off what is behind; the rest is durable when it resolves. Never called while an append runs. Throws
   * FlushFailedError, and cuts nothing, when some of the rest is in doubt.
   */
  truncate(sizeBytes: number): Promise<void> {
    return this.#flushes(async () => {
      const endBytes = Math.max(sizeBytes, segmentHeaderBytes);
      if (this.#isInDoubt && this.#syncedBytes < endBytes) throw new FlushFailedError(this.path);
      await this.#handle.truncate(endBytes);
      this.#sizeBytes = endBytes;
      this.#syncedBytes = Math.min(this.#syncedBytes, endBytes);
      this.#isInDoubt = false;
      await this.#handle.sync().catch((error: unknown) => {
        this.#isInDoubt = this.#syncedBytes < endBytes;
        throw flushError(error, this.path);
      });
      this.#syncedBytes = endBytes;
    });
  }

  /** Deletes the file. Reads that have begun end well. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await this.close();
  }

  /** Waits for reads that have begun; later ones throw FileMissingError. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#handle.close();
  }
}

function flushError(error: unknown, path: string): unknown {
  const meant = writeError(error, path);
  return meant === error ? new FlushFailedError(path, { cause: error }) : meant;
}

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], position: number) {
  let rest = [...pieces];
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = piecesBehind(rest, bytesWritten);
  }
}

/** What is left of the pieces behind their first `count` bytes. */
function piecesBehind(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  const left: Uint8Array[] = [];
  for (const piece of pieces) {
    if (skip < piece.byteLength) left.push(piece.subarray(skip));
    skip = Math.max(0, skip - piece.byteLength);
  }
  return left;
}
