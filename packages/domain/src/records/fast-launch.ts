import type { TimestampMs } from '@bakehouse/base';
import type {
  AccountId,
  BlockMapId,
  ImageId,
  InstanceId,
  LaunchTemplateId,
  Placed,
  RegionName,
  SnapshotId,
  VolumeId,
} from './common.ts';
import type { Architecture } from './image.ts';

export type FastLaunchState = 'enabling' | 'enabling-failed' | 'enabled' | 'disabling';

/**
 * A guest of the image that was booted as far as it comes without a network card: its memory, which the driver keeps
 * under `instanceId`, and its disk. The ids of the guest are its own; no other record has them.
 */
export interface GuestTemplate {
  readonly instanceId: InstanceId;
  readonly volumeId: VolumeId;
  readonly snapshotId: SnapshotId;
  /** The guest's disk as it was when its memory was kept. */
  readonly mapId: BlockMapId;
  /** The image's disk. */
  readonly originMapId: BlockMapId;
  readonly instanceType: string;
  readonly architecture: Architecture;
  readonly deviceName: string;
  readonly sizeGiB: number;
}

/** Fast launch of an image: its owner's launches go on from a template. */
export interface FastLaunch extends Placed {
  /** The image's: an image has one. */
  readonly id: ImageId;
  readonly ownerId: AccountId;
  readonly region: RegionName;
  readonly state: FastLaunchState;
  readonly stateReason: string;
  readonly stateSince: TimestampMs;
  /** Whose instance type the template has. */
  readonly launchTemplate?: {
    readonly id: LaunchTemplateId;
    readonly name: string;
    readonly version: string;
  };
  readonly maxParallelLaunches: number;
  readonly targetResourceCount: number;
  readonly template: GuestTemplate;
}
