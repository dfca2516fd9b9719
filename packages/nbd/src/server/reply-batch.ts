const slabBytes = 256 * 1024;
const slabsKept = 4;
/** Shorter pieces are copied: a copy costs less than another entry of the vector to write. */
const copiedBytesMax = 32 * 1024;

/** Where a batch goes when it is complete. */
export interface BatchSink {
  /** Calls `written` when the buffers belong to the caller again. */
  write(buffers: readonly Uint8Array[], written: () => void): void;
}

/**
 * Gathers replies, so that many go out in one write: headers and short pieces are copied together into
 * slabs that are used again, long pieces are referred to.
 */
export class ReplyBatch {
  readonly #sink: BatchSink;
  readonly #free: Buffer[] = [];
  #buffers: Uint8Array[] = [];
  /** Slabs of this batch that are full. */
  #used: Buffer[] = [];
  #slab: Buffer | undefined;
  /** Bytes of the slab before this are in `#buffers` already. */
  #start = 0;
  #end = 0;
  /** Bytes gathered or handed to the sink, and not written yet. */
  unwrittenBytes = 0;
  #gatheredBytes = 0;

  constructor(sink: BatchSink) {
    this.#sink = sink;
  }

  /** Room for a header that the caller fills at once, through `encode(target, at)`. */
  header(lengthBytes: number, encode: (target: Buffer, at: number) => void): void {
    const slab = this.#slabWith(lengthBytes);
    encode(slab, this.#end);
    this.#end += lengthBytes;
    this.#gatheredBytes += lengthBytes;
  }

  append(piece: Uint8Array): void {
    this.#gatheredBytes += piece.length;
    if (piece.length > copiedBytesMax) {
      this.#cut();
      this.#buffers.push(piece);
      return;
    }
    this.#slabWith(piece.length).set(piece, this.#end);
    this.#end += piece.length;
  }

  /** Hands what is gathered to the sink; `written` is called when it has left. */
  flush(written: () => void): void {
    if (this.#gatheredBytes === 0) return;
    this.#cut();
    const [buffers, slabs, bytes] = [this.#buffers, this.#used, this.#gatheredBytes];
    if (this.#slab !== undefined) slabs.push(this.#slab);
    this.#buffers = [];
    this.#used = [];
    this.#slab = undefined;
    this.#gatheredBytes = 0;
    this.unwrittenBytes += bytes;
    this.#sink.write(buffers, () => {
      this.unwrittenBytes -= bytes;
      this.#recycle(slabs);
      written();
    });
  }

  get gatheredBytes(): number {
    return this.#gatheredBytes;
  }

  #slabWith(lengthBytes: number): Buffer {
    if (this.#slab !== undefined && this.#end + lengthBytes <= slabBytes) return this.#slab;
    this.#cut();
    if (this.#slab !== undefined) this.#used.push(this.#slab);
    const slab = this.#free.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
    this.#slab = slab;
    this.#start = 0;
    this.#end = 0;
    return slab;
  }

  #cut(): void {
    if (this.#slab === undefined || this.#end === this.#start) return;
    this.#buffers.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #recycle(slabs: readonly Buffer[]): void {
    for (const slab of slabs) {
      if (this.#free.length < slabsKept) this.#free.push(slab);
    }
  }
}
