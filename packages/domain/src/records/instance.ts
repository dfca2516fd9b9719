import type { TimestampMs } from '@bakehouse/base';
import type { CpuOptions } from '../instance-types/cpu-options.ts';
import type { Boot, Root } from './boot.ts';
import type {
  ImageId,
  InstanceId,
  NetworkInterfaceId,
  Placed,
  ReservationId,
  Resource,
  SubnetId,
  VolumeId,
  VpcId,
  ZoneName,
} from './common.ts';
import type { Architecture } from './image.ts';

export type InstanceState =
  | 'pending'
  | 'running'
  | 'shutting-down'
  | 'terminated'
  | 'stopping'
  | 'stopped';

export interface MetadataOptions {
  readonly state: 'pending' | 'applied';
  readonly httpTokens: 'optional' | 'required';
  readonly httpPutResponseHopLimit: number;
  readonly httpEndpoint: 'enabled' | 'disabled';
  readonly httpProtocolIpv6: 'enabled' | 'disabled';
  readonly instanceMetadataTags: 'enabled' | 'disabled';
}

/** A volume as the instance sees it. The volume's own record says whether it is attached. */
export interface InstanceVolume {
  readonly deviceName: string;
  readonly volumeId: VolumeId;
  readonly deleteOnTermination: boolean;
  readonly attachedAt: TimestampMs;
}

/** An instance-store disk: empty at each start, gone with a stop. */
export interface EphemeralDisk {
  readonly deviceName: string;
  readonly virtualName: string;
}

export interface InstanceStatus {
  /** QEMU runs and responds: the `system` check. */
  readonly system: 'initializing' | 'ok' | 'impaired';
  /** The guest responds on its network (ARP): the `instance` check. */
  readonly instance: 'initializing' | 'ok' | 'impaired';
  /** Absent while the disks can be read and written. */
  readonly disks?: 'impaired';
  /** Why the guest is paused, with the way out. Absent while it is not. */
  readonly pausedBecause?: string;
  readonly impairedSince?: TimestampMs;
  /** When the guest last began to boot: it is `initializing` for some minutes from then on. */
  readonly bootingSince?: TimestampMs;
}

/** When the server passed the stages of an instance's last start: docs/boot.md. */
export interface LaunchTimes {
  /** The generation that was started. */
  readonly generation: number;
  /** The records were made, in the transaction that committed the request. */
  readonly plannedAt: TimestampMs;
  /** In order: `began`, the steps of the workflow, and moments within them. */
  readonly marks: readonly { readonly name: string; readonly at: TimestampMs }[];
}

export interface Instance extends Resource<InstanceId>, Placed {
  readonly reservationId: ReservationId;
  readonly launchIndex: number;
  readonly imageId: ImageId;
  readonly instanceType: string;
  readonly state: InstanceState;
  readonly stateReason?: { readonly code: string; readonly message: string };
  readonly stateTransitionReason: string;
  readonly launchedAt: TimestampMs;
  readonly zone: ZoneName;
  readonly vpcId: VpcId;
  readonly subnetId: SubnetId;
  readonly networkInterfaceId: NetworkInterfaceId;
  readonly keyName?: string;
  /** The OpenSSH line given to the guest; kept so that a deleted key pair does not change the instance. */
  readonly publicKey?: string;
  readonly architecture: Architecture;
  readonly root: Root;
  /** The image's. */
  readonly boot: Boot;
  readonly enaSupport: boolean;
  readonly sriovNetSupport?: string;
  readonly platformDetails: string;
  readonly volumes: readonly InstanceVolume[];
  readonly ephemeralDisks: readonly EphemeralDisk[];
  /** As the guest reads it: raw bytes, here in base64. */
  readonly userDataBase64?: string;
  readonly metadataOptions: MetadataOptions;
  readonly shutdownBehavior: 'stop' | 'terminate';
  readonly disableApiTermination: boolean;
  readonly disableApiStop: boolean;
  readonly ebsOptimized: boolean;
  /** `pending` and `disabling` until the guest can read the change. */
  readonly monitoring: 'disabled' | 'enabled' | 'pending' | 'disabling';
  /** Absent: the default of the type. */
  readonly cpuOptions?: CpuOptions;
  readonly cpuCredits?: 'standard' | 'unlimited';
  /** Absent: `default`. There is no other host to recover on either way. */
  readonly autoRecovery?: 'disabled';
  readonly clientToken?: string;
  readonly status?: InstanceStatus;
  readonly terminatedAt?: TimestampMs;
  /** Absent until the first start has succeeded. */
  readonly launchTimes?: LaunchTimes;
  /** Of a launch of an image with fast launch: the template that its first start goes on from, or why it boots. */
  readonly fastLaunch?: { readonly memoryOf: InstanceId } | { readonly bootedBecause: string };
  /** The instance that it has memory and disks of, when that was, and how long that one was paused. */
  readonly forkedFrom?: {
    readonly instanceId: InstanceId;
    /** Absent until they are kept. */
    readonly instant?: { readonly at: TimestampMs; readonly pauseMs: number };
  };
  /** Counts starts, so that a late event of an earlier machine cannot change a later one. */
  readonly generation: number;
}
