import type { TimestampMs } from '@bakehouse/base';
import type {
  BlockMapId,
  InstanceId,
  Placed,
  Resource,
  SnapshotId,
  VolumeId,
  ZoneName,
} from './common.ts';

export type VolumeType = 'gp2' | 'gp3' | 'io1' | 'io2' | 'st1' | 'sc1' | 'standard';
export type VolumeState = 'creating' | 'available' | 'in-use' | 'deleting' | 'error';
export type AttachmentState = 'attaching' | 'attached' | 'detaching' | 'busy';

export interface VolumeAttachment {
  readonly instanceId: InstanceId;
  readonly deviceName: string;
  readonly state: AttachmentState;
  readonly attachedAt: TimestampMs;
  readonly deleteOnTermination: boolean;
}

export interface VolumeModification {
  readonly state: 'modifying' | 'optimizing' | 'completed' | 'failed';
  readonly startedAt: TimestampMs;
  readonly endedAt?: TimestampMs;
  readonly progressPercent: number;
  readonly statusMessage?: string;
  readonly original: VolumeShape;
  readonly target: VolumeShape;
}

export interface VolumeShape {
  readonly sizeGiB: number;
  readonly volumeType: VolumeType;
  readonly iops?: number;
  readonly throughput?: number;
}

/** Fills the volume from its snapshot in the background, so that it no longer needs the block store. */
export interface VolumeInitialization {
  readonly state: 'initializing' | 'completed';
  /** VolumeInitializationRate of the request; absent: as fast as possible. */
  readonly rateMiBps?: number;
  readonly startedAt: TimestampMs;
  readonly endedAt?: TimestampMs;
  readonly progressPercent: number;
}

export interface Volume extends Resource<VolumeId>, Placed, VolumeShape {
  readonly zone: ZoneName;
  readonly state: VolumeState;
  readonly stateMessage?: string;
  /** What the volume was made from; shown by DescribeVolumes even after that snapshot is deleted. */
  readonly snapshotId?: SnapshotId;
  /**
   * Made from a snapshot with fast restores on, and with a hot map behind it: no block was fetched. The hot map stays
   * as long as the volume needs it. Absent: false.
   */
  readonly fastRestored?: true;
  readonly multiAttachEnabled: boolean;
  readonly autoEnableIo: boolean;
  readonly attachment?: VolumeAttachment;
  readonly modification?: VolumeModification;
  /** The map behind the overlay; absent for empty volumes and once hydrated. Holds the map against prune. */
  readonly originMapId?: BlockMapId;
  /** Absent: blocks are fetched when they are read, as long as the volume lives. */
  readonly initialization?: VolumeInitialization;
  /** The last snapshot: the volume's dirty bitmap counts changes since it. Holds its map against prune. */
  readonly baseline?: { readonly snapshotId: SnapshotId; readonly mapId: BlockMapId };
}
