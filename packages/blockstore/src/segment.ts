import { type FileHandle, open, rm } from 'node:fs/promises';
import { storeError } from './durable-files.ts';
import { encodeSegmentHeader, recordHeaderBytes, segmentHeaderBytes } from './record-format.ts';

/** The segment was taken out of the store while it was about to be read: look the chunk up again. */
export class SegmentRetiredError extends Error {
  override readonly name = 'SegmentRetiredError';
}

/** An open segment file; see docs/formats/segments.md. */
export class Segment {
  readonly number: number;
  /** Changes when the file is renamed. */
  path: string;
  #handle: FileHandle;
  #sizeBytes: number;
  #syncedBytes: number;
  #retired = false;

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

  get isSynced(): boolean {
    return this.#syncedBytes === this.#sizeBytes;
  }

  /** What is surely on disk. */
  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  /** Bytes at `offset`; fewer at the end of the file. */
  async read(offset: number, lengthBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(lengthBytes);
    return bytes.subarray(0, await this.#readInto(offset, bytes));
  }

  /** The payload of the record at `offset`. */
  readPayload(offset: number, storedLength: number): Promise<Buffer> {
    return this.read(offset + recordHeaderBytes, storedLength);
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
      await this.#handle.truncate(this.#sizeBytes);
      throw storeError(error, this.path);
    }
  }

  /** Makes durable what has been appended so far. */
  async sync(): Promise<void> {
    const sizeBytes = this.#sizeBytes;
    if (this.#syncedBytes >= sizeBytes) return;
    await this.#handle.datasync().catch((error: unknown) => {
      throw storeError(error, this.path);
    });
    this.#syncedBytes = Math.max(this.#syncedBytes, sizeBytes);
  }

  /** Cuts off what is behind; never called while an append runs. */
  async truncate(sizeBytes: number): Promise<void> {
    await this.#handle.truncate(Math.max(sizeBytes, segmentHeaderBytes));
    await this.#handle.sync();
    this.#sizeBytes = sizeBytes;
    this.#syncedBytes = sizeBytes;
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
      const { bytesRead } = await this.#handle.read(target, filled, rest, offset + filled);
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
