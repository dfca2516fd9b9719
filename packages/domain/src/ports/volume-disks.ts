import type { BlockMapId, InstanceId, SnapshotId, VolumeId } from '../records/index.ts';
import type { BlockSourceRef } from './block-source.ts';
import type { CaptureProgress } from './snapshot-store.ts';

export interface VolumeDisk {
  readonly volumeId: VolumeId;
  readonly sizeBytes: number;
  /** The content of blocks that were never written: this map's, else zeros. */
  readonly originMapId?: BlockMapId;
}

/** Where blocks that were never written are read: nowhere (zeros), in the block store, or in its map's hot file. */
export type DiskBacking = 'none' | 'store' | 'hot';

export interface HydrateOptions {
  /** An abort ends the copying; what was copied stays. */
  readonly signal: AbortSignal;
  /** A limit of the speed; as fast as possible when absent. */
  readonly bytesPerSecond?: number;
  readonly onProgress?: (progress: CaptureProgress) => void;
}

/** The disks behind volumes: each has local changes on top of a map's blocks, which are fetched when they are read. */
export interface VolumeDisks {
  /** Creating a disk that exists is a no-op. Returns what is behind the disk. */
  create(disk: VolumeDisk): Promise<DiskBacking>;
  /** Removing a disk that does not exist is a no-op. Never called while a machine uses the disk. */
  remove(volumeId: VolumeId): Promise<void>;
  /** Grows the disk, also under a running machine, whose guest sees it at once. Shrinking is refused. */
  grow(volumeId: VolumeId, sizeBytes: number, instanceId?: InstanceId): Promise<void>;
  list(): Promise<readonly VolumeId[]>;
  /** Bytes that the disk takes on its host. */
  localBytes(volumeId: VolumeId): Promise<number>;
  /**
   * Copies the blocks that are only in the origin into the disk, of a running machine's volume or (without
   * `instanceId`) of one at rest, then drops the origin. Returns true when the disk no longer needs its origin, and
   * false when it stopped early for other work on the disk: call it again. Continues a copy that an earlier control
   * plane began.
   */
  hydrate(
    volumeId: VolumeId,
    instanceId: InstanceId | undefined,
    options: HydrateOptions,
  ): Promise<boolean>;
  /** Ends a hydration under way, also an earlier control plane's, to free the disk for other work. None: no-op. */
  endHydration(volumeId: VolumeId, instanceId?: InstanceId): Promise<void>;
}

export interface FreezeVolume {
  readonly volumeId: VolumeId;
  /** Names the freeze and the bitmap of changes after it. */
  readonly snapshotId: SnapshotId;
  readonly originMapId?: BlockMapId;
  /** The snapshot whose bitmap records what changed since; absent for the first snapshot. */
  readonly sinceSnapshotId?: SnapshotId;
  /** That snapshot's map: the base when its bitmap still exists. */
  readonly sinceMapId?: BlockMapId;
}

export interface FrozenVolume {
  readonly volumeId: VolumeId;
  readonly snapshotId: SnapshotId;
  readonly source: BlockSourceRef;
  /** True when this call fixed the content; false when it returns a view that an earlier call made. */
  readonly fresh: boolean;
  /** What the source's changed ranges are relative to: `since`, else the origin, else zeros. */
  readonly baseMapId?: BlockMapId;
}

/** Point-in-time views of volumes, live or at rest. */
export interface VolumeFreezer {
  /**
   * Fixes the content of all these volumes at one instant (crash-consistent) and serves it for reading.
   * `instanceId` names the running machine that has them; without it they are at rest. Repeating a
   * freeze with the same snapshot ids returns the existing view. A view that was lost is made again, with the content
   * of that later moment, and is reported as `fresh`. While the origin of one of them is not served, it rejects with
   * BlockStoreUnreachableError and does not touch the guest.
   */
  freeze(
    volumes: readonly FreezeVolume[],
    instanceId?: InstanceId,
  ): Promise<readonly FrozenVolume[]>;
  /**
   * Ends the view. `captured`: changes are counted from this snapshot on. `abandoned`: as if the freeze had
   * never been. Repeatable, also when the machine no longer exists.
   */
  thaw(
    volumes: readonly FreezeVolume[],
    outcome: 'captured' | 'abandoned',
    instanceId?: InstanceId,
  ): Promise<void>;
}
