/** Where the bytes of a capture come from: a disk that does not change while it is read. */
export interface BlockSource {
  readonly sizeBytes: number;
  /**
   * The byte ranges that may differ from the capture's base (or, without a base, from zeros), in order.
   * A range may be reported too large, never too small.
   */
  changedRanges(signal?: AbortSignal): AsyncIterable<ByteRange>;
  read(offset: number, lengthBytes: number): Promise<Uint8Array>;
  /** Fills all of `target`, which may be shared memory: for sources that can spare a copy. */
  readInto?(offset: number, target: Uint8Array): Promise<void>;
  /** Reads that have begun reject. */
  close(): Promise<void>;
}

export interface ByteRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

/**
 * Where a capture reads a disk: opaque and serializable, so that it can cross to another process. The driver that
 * holds the disk makes it, and the snapshot store of the same host understands it.
 */
export interface BlockSourceRef {
  readonly kind: string;
  readonly [member: string]: string | number | undefined;
}
