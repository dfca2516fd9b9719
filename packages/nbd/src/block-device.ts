/** This many zeros. */
export interface ZeroPiece {
  readonly zeroBytes: number;
}

/** Part of what a read returns: bytes, or a run of zeros that is never copied or sent. */
export type BlockPiece = Uint8Array | ZeroPiece;

export interface BlockExtent {
  readonly lengthBytes: number;
  /** True only when every byte of the extent reads as zero. */
  readonly zero: boolean;
}

export interface ByteSpan {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** A disk that can be read and does not change. Callers ask only for ranges that lie within it. */
export interface BlockDevice {
  readonly sizeBytes: number;
  /**
   * The bytes in order, together exactly `lengthBytes`. Return the list itself, not a promise, when
   * the bytes are in memory: that is several times faster. The buffers are sent without copying, so
   * they must never change. A throw or rejection is sent to the client as EIO with its message.
   */
  read(offset: number, lengthBytes: number): readonly BlockPiece[] | Promise<readonly BlockPiece[]>;
  /**
   * Consecutive extents from `span.offset` on: at least one, none empty, at most `countMax`. They may
   * end before the span does or reach beyond it. Without this method the whole disk counts as data.
   */
  extents?(
    span: ByteSpan,
    countMax: number,
  ): readonly BlockExtent[] | Promise<readonly BlockExtent[]>;
  /** Called once, after the connection that opened the device has ended and no read is in flight. */
  close(): Promise<void> | void;
}
