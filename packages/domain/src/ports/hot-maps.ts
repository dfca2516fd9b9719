import type { TimestampMs } from '@bakehouse/base';
import type { BlockMapId, VolumeId } from '../records/index.ts';
import type { CaptureProgress } from './snapshot-store.ts';

/**
 * `ready`: disks get it. `unchecked`: the host was started since it was last found whole; disks use the block store until
 * it is checked. `damaged`: it differs from its map; no disk gets it again.
 */
export type HotMapState = 'ready' | 'unchecked' | 'damaged';

/** A map that is on the host as a local file, which disks read in place of the block store. */
export interface HotMap {
  readonly mapId: BlockMapId;
  readonly state: HotMapState;
  /** What the file takes on its host. */
  readonly localBytes: number;
  /** When a disk was last made or opened with it; before that, when it was made. */
  readonly usedAt: TimestampMs;
}

export interface HotMapRoom {
  /** Of the file system that hot maps are on. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface HotWork {
  /** An abort ends the work and leaves nothing of it. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: CaptureProgress) => void;
}

/**
 * Keeps whole maps as local files: the host's page cache then has one copy for all disks, and their reads need no block
 * store. A disk that was made, or opened by a machine, while its map is hot keeps the file until it is opened again.
 */
export interface HotMaps {
  list(): Promise<readonly HotMap[]>;
  room(): Promise<HotMapRoom>;
  /** The disks that may have the file open, or are opened with it next. */
  usersOf(mapId: BlockMapId): Promise<readonly VolumeId[]>;
  /**
   * Writes the map's blocks, each verified against its name, into a file that is on disk when this resolves. A map that is
   * hot: no-op. Rejects with MapMissingError and BlockStoreUnreachableError, and when the disk is full.
   */
  make(mapId: BlockMapId, work: HotWork): Promise<void>;
  /**
   * Compares the file with the map; the state becomes `ready` or `damaged`. Returns how many blocks differ. Not hot: 0.
   * Rejects as `make` does.
   */
  check(mapId: BlockMapId, work: HotWork): Promise<number>;
  /**
   * Removes the file, after its disks at rest were moved to the block store. `atRest` returns which of the disks no
   * machine has or is about to open. Returns false, and keeps the file, when a disk is left that is not at rest. From
   * the call on, disks are opened with the block store. Not hot: true.
   */
  drop(
    mapId: BlockMapId,
    atRest: (volumeIds: readonly VolumeId[]) => Promise<ReadonlySet<VolumeId>>,
  ): Promise<boolean>;
}
