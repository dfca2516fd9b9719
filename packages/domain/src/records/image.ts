import type { TimestampMs } from '@bakehouse/base';
import type {
  AccountId,
  ImageId,
  InstanceId,
  Resource,
  Shareable,
  SharedWith,
  SnapshotId,
} from './common.ts';
import type { VolumeType } from './volume.ts';

export type ImageState = 'pending' | 'available' | 'failed' | 'deregistered';
export type Architecture = 'i386' | 'x86_64' | 'arm64';
export type VirtualizationType = 'hvm' | 'paravirtual';
export type RootDeviceType = 'ebs' | 'instance-store';

export interface EbsMapping {
  readonly snapshotId?: SnapshotId;
  readonly sizeGiB: number;
  readonly volumeType: VolumeType;
  readonly iops?: number;
  readonly throughput?: number;
  /** Of a launch alone: no image has one. */
  readonly initializationRateMiBps?: number;
  readonly deleteOnTermination: boolean;
  readonly encrypted: boolean;
}

/** One row of a block device mapping: a volume (`ebs`) or an instance-store disk (`virtualName`). */
export interface BlockDevice {
  readonly deviceName: string;
  readonly virtualName?: string;
  readonly ebs?: EbsMapping;
}

export interface Image extends Resource<ImageId>, Shareable {
  readonly name: string;
  readonly description?: string;
  readonly state: ImageState;
  readonly stateReason?: { readonly code: string; readonly message: string };
  readonly architecture: Architecture;
  readonly platform?: 'windows';
  readonly platformDetails: string;
  readonly rootDeviceType: RootDeviceType;
  readonly rootDeviceName: string;
  readonly virtualizationType: VirtualizationType;
  readonly enaSupport: boolean;
  readonly sriovNetSupport?: string;
  readonly bootMode?: 'legacy-bios' | 'uefi' | 'uefi-preferred';
  readonly imdsSupport?: 'v2.0';
  readonly tpmSupport?: 'v2.0';
  readonly kernelId?: string;
  readonly ramdiskId?: string;
  readonly blockDevices: readonly BlockDevice[];
  readonly launchPermissions: SharedWith;
  readonly sourceInstanceId?: InstanceId;
  readonly sourceImageId?: ImageId;
  readonly sourceImageRegion?: string;
  /** Set by a seed file that names an owner's alias for an account that this platform does not have. */
  readonly ownerAlias?: string;
  readonly lastLaunchedAt?: TimestampMs;
  readonly deregisteredAt?: TimestampMs;
}

export type ImageOwner = AccountId;
