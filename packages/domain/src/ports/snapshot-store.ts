import { KiB } from '@bakehouse/base';
import type { BlockMapId } from '../records/index.ts';
import type { BlockSourceRef } from './block-source.ts';

/** A block of a disk, the unit of maps. */
export const blockBytes = 512 * KiB;

export interface CaptureRequest {
  /** The new map. Capturing into a map that exists is a no-op that returns its summary. */
  readonly mapId: BlockMapId;
  readonly source: BlockSourceRef;
  /** Blocks outside the changed ranges come from here; without it they are zeros. */
  readonly baseMapId?: BlockMapId;
}

export interface BlockMapSummary {
  readonly mapId: BlockMapId;
  /** Size of the disk. */
  readonly sizeBytes: number;
  /** Blocks that are not zero. */
  readonly blockCount: number;
  /** Bytes read from the source by the capture that made it, or of the blocks that were written to it. */
  readonly readBytes: number;
  /** Bytes that making it added to the disk: new chunks, compressed. */
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

/** From the first place to before the end. */
export interface PlaceRange {
  readonly first: number;
  readonly end: number;
}

/** The chunks that exactly these maps name: their bytes on disk, after compression. */
export interface HeldBytes {
  /** Places in `StoreUsage.maps`, ascending; at least one. Ranges, as a base may be shared by all but a few maps. */
  readonly maps: readonly PlaceRange[];
  readonly bytes: number;
}

export interface StoreUsage {
  readonly maps: readonly MapUsage[];
  /** Each live chunk counts in one of these; no two are of the same maps. */
  readonly held: readonly HeldBytes[];
  /** Chunks named by at least one map. */
  readonly liveBytes: number;
  /** What no map names any more: prune frees it. */
  readonly reclaimableBytes: number;
  /** Maps, indexes and headers. */
  readonly overheadBytes: number;
  /** Sum of the sizes of the store's files; equals the three above together. */
  readonly onDiskBytes: number;
}

/** Which part of a long list is wanted. */
export interface BlockPageRequest {
  /** Blocks before this one are left out. */
  readonly from?: number;
  /** How many blocks are wanted at most: 1 to `blockPageMax`. */
  readonly limit: number;
}

export const blockPageMax = 10_000;

export interface MapBlock {
  readonly blockIndex: number;
  /** Names the content: equal content has an equal name. Of a plaintext block, the hex digits of its SHA-256. */
  readonly chunkId: string;
}

export interface MapBlockPage {
  readonly blocks: readonly MapBlock[];
  /** The `from` of the next page; absent on the last one. */
  readonly next?: number;
}

/** A block that differs between two maps; an absent name is zeros, or that the disk ends before. */
export interface BlockDifference {
  readonly blockIndex: number;
  readonly before?: string;
  readonly after?: string;
}

export interface BlockDifferencePage {
  readonly differences: readonly BlockDifference[];
  readonly next?: number;
}

export interface DraftRequest {
  readonly mapId: BlockMapId;
  /** Size of the disk; more than 0. */
  readonly sizeBytes: number;
  /** Blocks that are not written come from here; without it they are zeros. The map may be pruned meanwhile. */
  readonly baseMapId?: BlockMapId;
}

/** What the caller believes to have written: sealing refuses what is not so. */
export interface DraftExpectation {
  /** How many different blocks were written. */
  readonly writtenBlocks: number;
  /**
   * Hex digits of the SHA-256 over the SHA-256 checksums of the written blocks, in order of block: the EBS direct
   * APIs' linear aggregate.
   */
  readonly linearChecksum?: string;
}

export interface PruneResult {
  readonly removedMaps: number;
  readonly removedChunks: number;
  readonly freedBytes: number;
}

export interface VerifyProblem {
  readonly what: 'chunk' | 'page' | 'map' | 'segment' | 'index';
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
 * The block store cannot be reached, or was lost while it worked. It is started again within seconds: what failed
 * with this can be tried again.
 */
export class BlockStoreUnreachableError extends Error {
  override readonly name = 'BlockStoreUnreachableError';
}

/** There is no map of this id. */
export class MapMissingError extends Error {
  override readonly name = 'MapMissingError';
  readonly mapId: BlockMapId;

  constructor(mapId: BlockMapId) {
    super(`there is no map ${mapId} in the block store`);
    this.mapId = mapId;
  }
}

/** The draft, or the map that it became, is not what the request takes it for. */
export class DraftConflictError extends Error {
  override readonly name = 'DraftConflictError';
  readonly mapId: BlockMapId;

  constructor(mapId: BlockMapId, problem: string) {
    super(`the draft ${mapId} ${problem}`);
    this.mapId = mapId;
  }
}

/**
 * Immutable maps of blocks: which content each block of a disk has. A block has `blockBytes`; blocks that a map does not
 * name are zeros. Every call may reject with BlockStoreUnreachableError; those that name a map reject with
 * MapMissingError when it does not exist, unless they say otherwise.
 */
export interface SnapshotReader {
  /** Undefined when there is no such map, or it is a draft. */
  find(mapId: BlockMapId): Promise<BlockMapSummary | undefined>;
  /** The ids of all maps and drafts. */
  list(): Promise<readonly BlockMapId[]>;
  /** A whole block, also at the disk's end (padded with zeros); undefined is zeros. Checked against its name. */
  readBlock(mapId: BlockMapId, blockIndex: number): Promise<Uint8Array | undefined>;
  /** The blocks that the map names, in order. */
  listBlocks(mapId: BlockMapId, page: BlockPageRequest): Promise<MapBlockPage>;
  /** The blocks that differ between two maps, in order. Costs what differs, not what the maps have. */
  diffBlocks(
    maps: { readonly before: BlockMapId; readonly after: BlockMapId },
    page: BlockPageRequest,
  ): Promise<BlockDifferencePage>;
}

/** Makes maps: by capturing a disk, or block by block as a draft that is then sealed. What is acknowledged is on disk. */
export interface SnapshotStore extends SnapshotReader {
  /** Aborting leaves no map; chunks already written are found again by the next capture or pruned. */
  capture(
    request: CaptureRequest,
    options?: { onProgress?: (progress: CaptureProgress) => void; signal?: AbortSignal },
  ): Promise<BlockMapSummary>;
  /**
   * Begins a draft, which is kept until it is sealed or pruned. Beginning the same one again is a no-op while its base
   * exists, and rejects with MapMissingError afterwards; the draft stays. A different one, or one whose map exists,
   * rejects with DraftConflictError.
   */
  begin(request: DraftRequest): Promise<void>;
  /**
   * Writes a whole block of a draft; a later write of the block replaces it. Returns the hex digits of the bytes'
   * SHA-256. Rejects with DraftConflictError when the draft is sealed or has no such block.
   */
  writeBlock(mapId: BlockMapId, blockIndex: number, bytes: Uint8Array): Promise<string>;
  /**
   * Makes a map of a draft: its base, with the blocks that were written. Sealing again returns the map's summary.
   * Rejects with DraftConflictError when something else was written than expected, and the draft stays.
   */
  seal(mapId: BlockMapId, expected?: DraftExpectation): Promise<BlockMapSummary>;
}

/** Counts, checks and removes. */
export interface PrunableSnapshotStore extends SnapshotStore {
  usage(): Promise<StoreUsage>;
  /**
   * Removes these maps and drafts, then every chunk that no map or draft names any more. Ids that the store does not
   * have are skipped; chunks that captures, writes and drafts need are safe, and so are the maps that captures make.
   * The caller names what to remove (and not what to keep) so that a map made while it looked is never lost.
   */
  prune(remove: ReadonlySet<BlockMapId>): Promise<PruneResult>;
  /** Reads every chunk and map and compares them with their names. */
  verify(onProgress?: (progress: CaptureProgress) => void): Promise<VerifyResult>;
}
