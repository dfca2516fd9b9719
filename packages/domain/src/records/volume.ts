import type { TimestampMs } from '@bakehouse/base';
import type { BlockMapId, InstanceId, Resource, SnapshotId, VolumeId, ZoneName } from './common.ts';

export type VolumeType = 'gp2' | 'gp3' | 'io1' | 'io2' | 'st1' | 'sc1' | 'standard';
export type VolumeState = 'creating' | 'available' | 'in-use' | 'deleting' | 'deleted' | 'error';
export type AttachmentState = 'attaching' | 'attached' | 'detaching' | 'detached' | 'busy';

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

/** Filling the volume from its snapshot in the background, so that it needs the block store no more. */
export interface VolumeInitialization {
  readonly state: 'initializing' | 'completed';
  /** As asked for by VolumeInitializationRate; absent: as fast as it goes. */
  readonly rateMiBps?: number;
  readonly startedAt: TimestampMs;
  readonly endedAt?: TimestampMs;
  readonly progressPercent: number;
}

export interface Volume extends Resource<VolumeId>, VolumeShape {
  readonly zone: ZoneName;
  readonly state: VolumeState;
  readonly stateMessage?: string;
  /** What the volume was made from; shown by DescribeVolumes even after that snapshot is deleted. */
  readonly snapshotId?: SnapshotId;
  readonly encrypted: boolean;
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
