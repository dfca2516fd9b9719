import type { TimestampMs } from '@bakehouse/base';
import type { Boot, Root } from './boot.ts';
import type {
  Encryption,
  ImageId,
  InstanceId,
  Resource,
  Shareable,
  SharedWith,
  SnapshotId,
} from './common.ts';
import type { VolumeType } from './volume.ts';

export type ImageState = 'pending' | 'available' | 'failed';
export type Architecture = 'i386' | 'x86_64' | 'arm64';

export interface EbsMapping {
  readonly snapshotId?: SnapshotId;
  readonly sizeGiB: number;
  readonly volumeType: VolumeType;
  readonly iops?: number;
  readonly throughput?: number;
  /** Of a launch alone: no image has one. */
  readonly initializationRateMiBps?: number;
  readonly deleteOnTermination: boolean;
  /** Of a seeded image, as its description says. */
  readonly encryption?: Encryption;
}

/** One row of a block device mapping: a volume (`ebs`) or an instance-store disk (`virtualName`). */
export interface BlockDeviceMapping {
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
  readonly root: Root;
  readonly boot: Boot;
  readonly enaSupport: boolean;
  readonly sriovNetSupport?: string;
  readonly imdsSupport?: 'v2.0';
  readonly tpmSupport?: 'v2.0';
  readonly blockDevices: readonly BlockDeviceMapping[];
  readonly launchPermissions: SharedWith;
  readonly sourceInstanceId?: InstanceId;
  readonly sourceImageId?: ImageId;
  readonly sourceImageRegion?: string;
  /** Set by a seed file that names an owner's alias for an account that this platform does not have. */
  readonly ownerAlias?: string;
  /** ImageLocation; absent: the owner and the name. */
  readonly location?: string;
  /** From then on DescribeImages shows the image only to its owner and to requests that name it. */
  readonly deprecatedAt?: TimestampMs;
  readonly lastLaunchedAt?: TimestampMs;
  /** Of the launches before it, newest first: what `reportedLaunch` needs. */
  readonly earlierLaunches?: readonly TimestampMs[];
}
