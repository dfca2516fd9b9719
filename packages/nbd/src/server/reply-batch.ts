const slabBytes = 256 * 1024;
const slabsKept = 4;
/** Shorter pieces are copied: a copy costs less than another entry in the write vector. */
const copiedBytesMax = 32 * 1024;

/** Where a batch goes when it is complete. */
export interface BatchSink {
  /** Calls `written` when it no longer needs the buffers. */
  write(buffers: readonly Uint8Array[], written: () => void): void;
}

/** Memory for headers and short pieces, reused when all that is in it has been written. */
interface Slab {
  readonly bytes: Buffer;
  /** Unwritten batches that refer to it. */
  batches: number;
}

/**
 * Gathers replies, so that many leave in one write: headers and short pieces are copied together into slabs,
 * long pieces are referenced. One batch is being written at a time; the next is gathered meanwhile.
 */
export class ReplyBatch {
  readonly #sink: BatchSink;
  readonly #free: Slab[] = [];
  #buffers: Uint8Array[] = [];
  /** The slabs that `#buffers` refer to. */
  #slabs = new Set<Slab>();
  #slab: Slab = newSlab();
  /** Bytes of the slab before this are in `#buffers` or were written. */
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

  /** Appends a header of `lengthBytes`, which `encode` fills in place. */
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
   * Hands what is gathered to the sink, unless the previous batch is still being written. `written` is called
   * when the sink is done; flush again then.
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
      // A full slab is released by the last batch that refers to it.
      this.#slab = this.#free.pop() ?? newSlab();
      this.#start = 0;
      this.#end = 0;
    }
    return this.#slab.bytes;
  }

  /** Moves the bytes copied so far into `#buffers`. */
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
