const slabBytes = 256 * 1024;
const slabsKept = 4;
/** Shorter pieces are copied: a copy costs less than another entry of the vector to write. */
const copiedBytesMax = 32 * 1024;

/** Where a batch goes when it is complete. */
export interface BatchSink {
  /** Calls `written` when the buffers belong to the caller again. */
  write(buffers: readonly Uint8Array[], written: () => void): void;
}

/** Memory for headers and short pieces, used again when nothing in it waits to be written. */
interface Slab {
  readonly bytes: Buffer;
  /** Batches that refer to it and are not written. */
  batches: number;
}

/**
 * Gathers replies, so that many go out in one write: headers and short pieces are copied together into
 * slabs, long pieces are referred to. One batch is being written at a time; the next is gathered meanwhile.
 */
export class ReplyBatch {
  readonly #sink: BatchSink;
  readonly #free: Slab[] = [];
  #buffers: Uint8Array[] = [];
  /** The slabs that `#buffers` refer to. */
  #slabs = new Set<Slab>();
  #slab: Slab = newSlab();
  /** Bytes of the slab before this are in `#buffers` already, or were written. */
  #start = 0;
  #end = 0;
  #gatheredBytes = 0;
  #writingBytes = 0;

  constructor(sink: BatchSink) {
    this.#sink = sink;
  }

  /** Bytes gathered or being written. */
  get unwrittenBytes(): number {
    return this.#gatheredBytes + this.#writingBytes;
  }

  /** Room for a header, which the caller fills at once by `encode(target, at)`. */
  header(lengthBytes: number, encode: (target: Buffer, at: number) => void): void {
    encode(this.#slabWith(lengthBytes), this.#end);
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

  /**
   * Hands what is gathered to the sink, unless it still writes the batch before. `written` is called when
   * it is done; flush again then.
   */
  flush(written: () => void): void {
    if (this.#gatheredBytes === 0 || this.#writingBytes > 0) return;
    this.#cut();
    const [buffers, slabs] = [this.#buffers, this.#slabs];
    this.#buffers = [];
    this.#slabs = new Set();
    this.#writingBytes = this.#gatheredBytes;
    this.#gatheredBytes = 0;
    this.#sink.write(buffers, () => {
      this.#writingBytes = 0;
      for (const slab of slabs) this.#release(slab);
      written();
    });
  }

  #slabWith(lengthBytes: number): Buffer {
    if (this.#end + lengthBytes > slabBytes) {
      this.#cut();
      // A slab that is full is released by the last batch that refers to it.
      this.#slab = this.#free.pop() ?? newSlab();
      this.#start = 0;
      this.#end = 0;
    }
    return this.#slab.bytes;
  }

  /** Ends the run of copied bytes. */
  #cut(): void {
    if (this.#end === this.#start) return;
    this.#buffers.push(this.#slab.bytes.subarray(this.#start, this.#end));
    this.#start = this.#end;
    if (this.#slabs.has(this.#slab)) return;
    this.#slabs.add(this.#slab);
    this.#slab.batches += 1;
  }

  #release(slab: Slab): void {
    slab.batches -= 1;
    if (slab.batches > 0) return;
    if (slab !== this.#slab) {
      if (this.#free.length < slabsKept) this.#free.push(slab);
      return;
    }
    if (this.#end > this.#start) return;
    this.#start = 0;
    this.#end = 0;
  }
}

function newSlab(): Slab {
  return { bytes: Buffer.allocUnsafeSlow(slabBytes), batches: 0 };
}
