import { type FileHandle, open, rm } from 'node:fs/promises';
import { storeError } from './durable-files.ts';
import { encodeSegmentHeader, recordHeaderBytes, segmentHeaderBytes } from './record-format.ts';
import { FlushFailedError } from './store-errors.ts';
import { Turns } from './turns.ts';

/** The segment was taken out of the store while it was about to be read: look the chunk up again. */
export class SegmentRetiredError extends Error {
  override readonly name = 'SegmentRetiredError';
}

/** The disk cannot read some of a segment. */
export class UnreadableBytesError extends Error {
  override readonly name = 'UnreadableBytesError';

  constructor(path: string, offset: number, options: ErrorOptions) {
    super(`${path} cannot be read at offset ${offset}: look at that disk (dmesg)`, options);
  }
}

/** An open segment file; see docs/formats/segments.md. */
export class Segment {
  readonly number: number;
  /** Changes when the file is renamed. */
  path: string;
  /** Set when the store opens: what makes the file unfit for more records; prune copies the good ones away. */
  flaw: string | undefined;
  #handle: FileHandle;
  #sizeBytes: number;
  #syncedBytes: number;
  #isInDoubt = false;
  #retired = false;
  /** A flush takes for flushed what the file had when it began: nothing is cut off meanwhile. */
  readonly #flushes = new Turns();

  constructor(number: number, path: string, handle: FileHandle, sizeBytes: number) {
    this.number = number;
    this.path = path;
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
    this.#syncedBytes = 0;
  }

  static async create(number: number, path: string): Promise<Segment> {
    try {
      const handle = await open(path, 'wx+', 0o600);
      const segment = new Segment(number, path, handle, 0);
      await segment.append([encodeSegmentHeader(number)]).catch(async (error: unknown) => {
        await segment.#remove();
        throw error;
      });
      return segment;
    } catch (error) {
      throw storeError(error, path);
    }
  }

  static async open(number: number, path: string): Promise<Segment> {
    const handle = await open(path, 'r+');
    return new Segment(number, path, handle, (await handle.stat()).size);
  }

  /** Bytes of header and whole records. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** What is surely on disk. */
  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  /**
   * True after a failed flush: the kernel may have dropped what lies behind `syncedBytes`, and says of a later
   * flush that all is well. Only cutting that off ends the doubt.
   */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** Bytes at `offset`; fewer at the end of the file. Throws UnreadableBytesError. */
  async read(offset: number, lengthBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(lengthBytes);
    return bytes.subarray(0, await this.#readInto(offset, bytes));
  }

  /** Fills `target` with the payload of the record at `offset`; answers how much there was. */
  readPayloadInto(offset: number, target: Uint8Array): Promise<number> {
    return this.#readInto(offset + recordHeaderBytes, target);
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
      // What stays behind all the same is written over, or cut off when the store opens.
      await this.#handle.truncate(this.#sizeBytes).catch(() => {});
      throw storeError(error, this.path);
    }
  }

  /** Makes durable what has been appended so far. Throws FlushFailedError while the segment is in doubt. */
  sync(): Promise<void> {
    return this.#flushes.take(async () => {
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
   * Cuts off what is behind, and all that is in doubt; the rest is durable when it resolves. Never called while
   * an append runs.
   */
  truncate(sizeBytes: number): Promise<void> {
    return this.#flushes.take(async () => {
      const wanted = this.#isInDoubt ? Math.min(sizeBytes, this.#syncedBytes) : sizeBytes;
      const endBytes = Math.max(wanted, segmentHeaderBytes);
      await this.#handle.truncate(endBytes);
      this.#sizeBytes = endBytes;
      this.#syncedBytes = Math.min(this.#syncedBytes, endBytes);
      this.#isInDoubt &&= this.#syncedBytes < endBytes;
      if (this.#isInDoubt) throw new FlushFailedError(this.path);
      await this.#handle.sync().catch((error: unknown) => {
        this.#isInDoubt = this.#syncedBytes < endBytes;
        throw flushError(error, this.path);
      });
      this.#syncedBytes = endBytes;
    });
  }

  /** Deletes the file; reads that have begun still end well. */
  async retire(): Promise<void> {
    this.#retired = true;
    await this.removeIndex();
    await this.#remove();
  }

  /** Deletes the index file: the segment is read when the store opens. */
  async removeIndex(): Promise<void> {
    await rm(this.path.replace(/seg$/, 'idx'), { force: true });
  }

  /** The handle waits for reads that have begun. */
  async close(): Promise<void> {
    this.#retired = true;
    await this.#handle.close();
  }

  async #readInto(offset: number, target: Uint8Array): Promise<number> {
    if (this.#retired) throw new SegmentRetiredError(this.path);
    let filled = 0;
    while (filled < target.length) {
      const rest = target.length - filled;
      const at = offset + filled;
      const { bytesRead } = await this.#handle.read(target, filled, rest, at).catch((error) => {
        throw readError(error, this.path, at);
      });
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  async #remove(): Promise<void> {
    await rm(this.path, { force: true });
    await this.#handle.close();
  }
}

function readError(error: unknown, path: string, offset: number): unknown {
  const isBadDisk = error instanceof Error && 'code' in error && error.code === 'EIO';
  return isBadDisk ? new UnreadableBytesError(path, offset, { cause: error }) : error;
}

function flushError(error: unknown, path: string): unknown {
  const meant = storeError(error, path);
  return meant === error ? new FlushFailedError(path, { cause: error }) : meant;
}

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], position: number) {
  let rest = [...pieces];
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = behind(rest, bytesWritten);
  }
}

/** What is left of the pieces behind their first `count` bytes. */
function behind(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  const left: Uint8Array[] = [];
  for (const piece of pieces) {
    if (skip < piece.byteLength) left.push(piece.subarray(skip));
    skip = Math.max(0, skip - piece.byteLength);
  }
  return left;
}
