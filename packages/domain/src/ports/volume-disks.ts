import type { BlockMapId, InstanceId, SnapshotId, VolumeId } from '../records/index.ts';
import type { BlockSourceAddress, CaptureProgress } from './snapshot-store.ts';

export interface VolumeDisk {
  readonly volumeId: VolumeId;
  readonly sizeBytes: number;
  /** The content of blocks that were never written: this map's, else zeros. */
  readonly originMapId?: BlockMapId;
}

export interface HydrateOptions {
  /** An abort ends the copying; what was copied stays. */
  readonly signal: AbortSignal;
  /** At most this much; as fast as it goes without it. */
  readonly bytesPerSecond?: number;
  readonly onProgress?: (progress: CaptureProgress) => void;
}

/** The disks behind volumes: a local overlay each, on the lazy export of a map. */
export interface VolumeDisks {
  /** Creating a disk that exists is a no-op. */
  create(disk: VolumeDisk): Promise<void>;
  /** Removing a disk that does not exist is a no-op. Never called while a machine uses the disk. */
  remove(volumeId: VolumeId): Promise<void>;
  /** Grows the disk, also under a running machine, whose guest sees it at once. Shrinking is refused. */
  grow(volumeId: VolumeId, sizeBytes: number, instanceId?: InstanceId): Promise<void>;
  list(): Promise<readonly VolumeId[]>;
  /** Bytes that the overlay takes on this machine. */
  localBytes(volumeId: VolumeId): Promise<number>;
  /**
   * Copies what is missing from the origin into the overlay, of a running machine's volume or (without
   * `instanceId`) of one at rest, then drops the origin. True when the disk needs its origin no more; false
   * when it gave way: ask again. One that an earlier control plane began is taken up.
   */
  hydrate(
    volumeId: VolumeId,
    instanceId: InstanceId | undefined,
    options: HydrateOptions,
  ): Promise<boolean>;
  /** Ends a hydration under way, also an earlier control plane's, so that others can have the disk. None: no-op. */
  endHydration(volumeId: VolumeId, instanceId?: InstanceId): Promise<void>;
}

export interface FreezeVolume {
  readonly volumeId: VolumeId;
  /** Names the freeze and the bitmap of changes after it. */
  readonly snapshotId: SnapshotId;
  readonly originMapId?: BlockMapId;
  /** The snapshot whose bitmap should tell what changed since; absent for the first snapshot. */
  readonly sinceSnapshotId?: SnapshotId;
  /** That snapshot's map: the base when its bitmap is still there. */
  readonly sinceMapId?: BlockMapId;
}

export interface FrozenVolume {
  readonly volumeId: VolumeId;
  readonly snapshotId: SnapshotId;
  readonly source: BlockSourceAddress;
  /** True when this call fixed the content; false when it answers a view that stands since an earlier one. */
  readonly fresh: boolean;
  /** What the source's changed ranges are relative to: `since`, else the origin, else zeros. */
  readonly baseMapId?: BlockMapId;
}

/** Point-in-time views of volumes, live or at rest. */
export interface VolumeFreezer {
  /**
   * Fixes the content of all these volumes at one instant (crash-consistent) and serves it for reading.
   * `instanceId` names the running machine that has them; without it they are at rest. Repeating a
   * freeze with the same snapshot ids answers the one that is there; a view that was lost is made anew, of
   * the content of that later moment, and said to be `fresh`. Rejects with BlockServerUnreachableError, and
   * leaves the guest alone, while nobody serves the origin of one of them.
   */
  freeze(
    volumes: readonly FreezeVolume[],
    instanceId?: InstanceId,
  ): Promise<readonly FrozenVolume[]>;
  /**
   * Ends the view. `captured`: changes are counted from this snapshot on. `abandoned`: as if the freeze had
   * never been. Repeating is harmless, also when the machine is gone.
   */
  thaw(
    volumes: readonly FreezeVolume[],
    outcome: 'captured' | 'abandoned',
    instanceId?: InstanceId,
  ): Promise<void>;
}
