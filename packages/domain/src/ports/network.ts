import type { NetworkInterfaceId, SecurityGroupId, SubnetId } from '../records/index.ts';

export interface Nic {
  readonly nicId: NetworkInterfaceId;
  readonly subnetId: SubnetId;
  /** The subnet's range, for example `172.31.0.0/20`; its first address is the router. */
  readonly subnetCidr: string;
  /** The VPC's range: NICs of one range may reach each other, its third address is the resolver. Absent: the subnet's. */
  readonly vpcCidr?: string;
  readonly macAddress: string;
  readonly privateIp: string;
  readonly publicIp?: string;
  /** As DHCP and DNS tell it, without domain: `ip-172-31-0-10`. */
  readonly hostName: string;
  /** `us-east-1` has `ec2.internal`, other regions `REGION.compute.internal`. */
  readonly domainName: string;
}

export interface TapDevice {
  readonly name: string;
}

export interface PacketRule {
  readonly direction: 'ingress' | 'egress';
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `-1` or a protocol number. */
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly peer:
    | { readonly kind: 'cidr'; readonly cidr: string }
    /** The private addresses of all NICs in this group. */
    | { readonly kind: 'group'; readonly groupId: SecurityGroupId };
}

/** All of the desired filtering. Nothing that is not in it passes. */
export interface NetworkPolicy {
  readonly nics: readonly {
    readonly nicId: NetworkInterfaceId;
    readonly groupIds: readonly SecurityGroupId[];
  }[];
  readonly groups: readonly {
    readonly groupId: SecurityGroupId;
    readonly rules: readonly PacketRule[];
  }[];
}

/** The platform's own network: isolated from the host's, outliving the control plane. */
export interface Network {
  /** Makes or finds everything that is shared by all instances. Repeating is harmless. */
  open(): Promise<void>;
  /** Connects a NIC: tap, address, public translation. Repeating is harmless. Passes nothing until a policy names it. */
  plug(nic: Nic): Promise<TapDevice>;
  /** Unplugging what is not plugged is a no-op. */
  unplug(nicId: NetworkInterfaceId): Promise<void>;
  /** Replaces the whole policy in one transaction; established connections that it forbids are cut. */
  applyPolicy(policy: NetworkPolicy): Promise<void>;
  /**
   * Puts back what was lost from outside since `open`: filters that were flushed, helpers that died. To be called
   * now and then; changes nothing when nothing is lost.
   */
  mend(): Promise<void>;
  list(): Promise<readonly NetworkInterfaceId[]>;
  /** True when the guest behind the NIC answers ARP. */
  isReachable(nicId: NetworkInterfaceId): Promise<boolean>;
  /** The argv prefix that runs a program inside the network. */
  enter(): readonly string[];
  /** Removes all of it. */
  destroy(): Promise<void>;
}
