import type { InstanceId } from '../records/index.ts';

/** What a guest can read about one of its network interfaces. */
export interface InterfaceMetadata {
  readonly deviceIndex: number;
  readonly interfaceId: string;
  readonly macAddress: string;
  /** The first is the primary one. */
  readonly addresses: readonly { readonly privateIp: string; readonly publicIp?: string }[];
  readonly localHostName: string;
  readonly publicHostName?: string;
  readonly subnetId: string;
  readonly subnetCidr: string;
  readonly vpcId: string;
  /** The first is the VPC's primary range. */
  readonly vpcCidrs: readonly string[];
  readonly securityGroups: readonly { readonly id: string; readonly name: string }[];
}

/**
 * Everything that a guest can read about itself; written by the control plane, served by the agent. `vpcId` and the
 * addresses of the interfaces are what the guest is known by.
 */
export interface InstanceMetadata {
  readonly instanceId: InstanceId;
  readonly accountId: string;
  readonly region: string;
  readonly zone: string;
  readonly zoneId: string;
  readonly imageId: string;
  readonly launchIndex: number;
  readonly instanceType: string;
  readonly architecture: string;
  readonly kernelId?: string;
  readonly ramdiskId?: string;
  readonly reservationId: string;
  /** ISO 8601: the launch time of the current start. */
  readonly pendingTime: string;
  readonly privateIp: string;
  readonly publicIp?: string;
  readonly localHostName: string;
  readonly publicHostName?: string;
  readonly macAddress: string;
  readonly interfaceId: string;
  readonly subnetId: string;
  readonly subnetCidr: string;
  readonly vpcId: string;
  readonly vpcCidr: string;
  readonly securityGroups: readonly { readonly id: string; readonly name: string }[];
  /**
   * All interfaces by device index, the primary one first; the members above repeat its own. Absent in documents of
   * earlier versions: the primary one is the only one.
   */
  readonly interfaces?: readonly InterfaceMetadata[];
  readonly publicKeys: readonly { readonly name: string; readonly openSshKey: string }[];
  /** `ami`, `root`, `ephemeral0`, `ebs1` … to the device name without `/dev/` where EC2 gives none. */
  readonly blockDeviceMapping: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly userDataBase64?: string;
  readonly httpTokens: 'optional' | 'required';
  readonly httpPutResponseHopLimit: number;
  readonly httpEndpoint: 'enabled' | 'disabled';
  readonly instanceMetadataTags: 'enabled' | 'disabled';
  /** Whether the instance has detailed monitoring. Absent: not known. */
  readonly monitoring?: 'enabled' | 'disabled';
}

/** Makes metadata visible to the guest behind the instance's interfaces, which are plugged, and to no other. */
export interface MetadataPublisher {
  /** Replaces what was published for this instance. Visible to the guest when it resolves. */
  publish(metadata: InstanceMetadata): Promise<void>;
  withdraw(instanceId: InstanceId): Promise<void>;
  list(): Promise<readonly InstanceId[]>;
}
