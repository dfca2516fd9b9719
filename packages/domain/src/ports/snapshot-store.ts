import type { BlockMapId } from '../records/index.ts';

/** Where the bytes of a capture come from: a disk that keeps still while it is read. */
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
  /** Reads under way reject. */
  close(): Promise<void>;
}

export interface ByteRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** How another process reaches a frozen disk. Serializable, so that it can cross to the block server. */
export type BlockSourceAddress =
  | {
      readonly kind: 'nbd';
      readonly socketPath: string;
      readonly exportName: string;
      /**
       * Which NBD metadata context tells what changed: `qemu:dirty-bitmap:NAME`, `qemu:allocation-depth`
       * (see `changedDepthMax`), or `base:allocation` (data counts as changed).
       */
      readonly changedContext: string;
      /**
       * With `qemu:allocation-depth`: depths 1 to this one count as changed; 1 when absent. A frozen live
       * disk has its overlay at depth 2, below what was copied aside at depth 1.
       */
      readonly changedDepthMax?: number;
    }
  | {
      /** A raw disk image; its holes are zeros. */
      readonly kind: 'file';
      readonly path: string;
    };

export interface CaptureRequest {
  /** The new map. Capturing into a map that exists is a no-op that answers its summary. */
  readonly mapId: BlockMapId;
  readonly source: BlockSourceAddress;
  /** Blocks outside the changed ranges come from here; without it they are zeros. */
  readonly baseMapId?: BlockMapId;
}

export interface BlockMapSummary {
  readonly mapId: BlockMapId;
  /** Size of the disk. */
  readonly sizeBytes: number;
  /** Blocks that are not zero. */
  readonly blockCount: number;
  /** Bytes read from the source by the capture that made it. */
  readonly readBytes: number;
  /** Bytes that the capture added to the disk: new chunks, compressed. */
  readonly addedBytes: number;
}

export interface CaptureProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface MapUsage {
  readonly mapId: BlockMapId;
  readonly sizeBytes: number;
  readonly blockCount: number;
}

/** The chunks that exactly these maps name: their bytes on disk, after compression. */
export interface HeldBytes {
  /** Ascending places in `StoreUsage.maps`; at least one. */
  readonly maps: readonly number[];
  readonly bytes: number;
}

export interface StoreUsage {
  readonly maps: readonly MapUsage[];
  /** Each live chunk counts in one of these; no two are of the same maps. */
  readonly held: readonly HeldBytes[];
  /** Chunks named by at least one map. */
  readonly liveBytes: number;
  /** Chunks that no map names any more, and file overhead: what prune can free, and headers. */
  readonly reclaimableBytes: number;
  /** Indexes, maps and headers. */
  readonly overheadBytes: number;
  /** Sum of the sizes of the store's files; equals the three above together. */
  readonly onDiskBytes: number;
}

export interface PruneResult {
  readonly removedMaps: number;
  readonly removedChunks: number;
  readonly freedBytes: number;
}

export interface VerifyProblem {
  readonly what: 'chunk' | 'map' | 'segment' | 'index';
  readonly name: string;
  readonly problem: string;
  readonly usedBy: readonly BlockMapId[];
}

export interface VerifyResult {
  readonly checkedChunks: number;
  readonly checkedMaps: number;
  readonly problems: readonly VerifyProblem[];
}

/**
 * The process that keeps and serves the blocks is not there, or went away while it worked. It is started again
 * within seconds: what failed with this can be tried again.
 */
export class BlockServerUnreachableError extends Error {
  override readonly name = 'BlockServerUnreachableError';
  readonly socketPath: string;

  constructor(socketPath: string, problem: string, options?: ErrorOptions) {
    super(`the block server at ${socketPath} ${problem}; is it running?`, options);
    this.socketPath = socketPath;
  }
}

/**
 * Immutable maps of blocks, made by capturing disks. Every answer that makes a map means it is on disk. Every
 * call may reject with BlockServerUnreachableError.
 */
export interface SnapshotStore {
  /** Aborting leaves no map; chunks already written are found again by the next capture or pruned. */
  capture(
    request: CaptureRequest,
    options?: { onProgress?: (progress: CaptureProgress) => void; signal?: AbortSignal },
  ): Promise<BlockMapSummary>;
  /** Undefined when there is no such map. */
  find(mapId: BlockMapId): Promise<BlockMapSummary | undefined>;
  usage(): Promise<StoreUsage>;
  /** Every map that is there. */
  list(): Promise<readonly BlockMapId[]>;
  /**
   * Removes these maps, then every chunk that no map names any more. Maps that the store does not have are
   * passed over; maps and chunks of captures under way are safe. The caller names what goes (and not what
   * stays) so that a map made while it looked is never lost.
   */
  prune(remove: ReadonlySet<BlockMapId>): Promise<PruneResult>;
  /** Reads every chunk and map and compares them with their names. */
  verify(onProgress?: (progress: CaptureProgress) => void): Promise<VerifyResult>;
}

/** Serves maps read-only over NBD on a Unix socket, lazily: only blocks that are read are fetched. */
export interface BlockExporter {
  /** The socket that QEMU connects to; the export's name is the map's id. Every map of the store is served. */
  readonly socketPath: string;
  /** Bytes that were read through the export of a map since the block server started. */
  bytesServed(mapId: BlockMapId): Promise<number>;
}
