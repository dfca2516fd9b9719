import type {
  InstanceId,
  NetworkInterfaceId,
  SecurityGroupId,
  SubnetId,
} from '../records/index.ts';

export interface Nic {
  readonly nicId: NetworkInterfaceId;
  /** The instance whose machine connects here, and nobody else's. */
  readonly instanceId?: InstanceId;
  readonly subnetId: SubnetId;
  /** The subnet's range, for example `172.31.0.0/20`. Its first address is the router. */
  readonly subnetCidr: string;
  /**
   * The VPC's range: NICs of one range may reach each other, and its third address is the resolver. Absent: the
   * subnet's range.
   */
  readonly vpcCidr?: string;
  readonly macAddress: string;
  readonly privateIp: string;
  readonly publicIp?: string;
  /** The name in DHCP and DNS, without its domain: `ip-172-31-0-10`. */
  readonly hostName: string;
  /** `ec2.internal` in `us-east-1`, `REGION.compute.internal` elsewhere. */
  readonly domainName: string;
}

/**
 * Where a machine connects its network card: opaque and serializable. The network makes it, and the compute driver
 * of the same host understands it.
 */
export type NetworkPort = string;

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

/** All of the desired filtering. Whatever is not in it does not pass. */
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

/** What differs from the policy applied last. `undefined`: no longer in it. */
export interface PolicyChange {
  readonly nics: ReadonlyMap<NetworkInterfaceId, readonly SecurityGroupId[] | undefined>;
  readonly groups: ReadonlyMap<SecurityGroupId, readonly PacketRule[] | undefined>;
}

/** A part of the network that was lost from outside, and how it was put back. */
export interface NetworkRepair {
  /** `link`: between guests and the host. `filters`: security groups and who may speak as whom. */
  readonly part: 'link' | 'filters' | 'dhcp-and-dns';
  /** For people: the name of the part on its host. */
  readonly name: string;
  readonly how: 'recreated' | 'replaced' | 'restarted';
}

/** The platform's own network: isolated from the host's, and outliving the control plane. */
export interface Network {
  /** Creates or finds everything that instances share. Repeatable. */
  open(): Promise<void>;
  /** Connects a NIC: port, address, public translation. Repeatable. Passes nothing until a policy names it. */
  plug(nic: Nic): Promise<NetworkPort>;
  /** Disconnects a NIC. Not plugged: no-op. */
  unplug(nicId: NetworkInterfaceId): Promise<void>;
  /** Replaces the whole policy in one transaction. Established connections that it forbids are cut. */
  applyPolicy(policy: NetworkPolicy): Promise<void>;
  /**
   * As `applyPolicy` of the policy applied last, with this change. Rejected: the policy before or the changed one is in
   * force; apply the whole policy next.
   */
  changePolicy(change: PolicyChange): Promise<void>;
  /**
   * Puts back what was lost from outside since `open`, for example filters that somebody flushed, and returns what
   * that was. Call it periodically; it changes nothing when nothing is lost.
   */
  repair(): Promise<readonly NetworkRepair[]>;
  /** Every NIC that is plugged. */
  list(): Promise<readonly NetworkInterfaceId[]>;
  /** Whether the guest behind the NIC responds on its network. */
  isReachable(nicId: NetworkInterfaceId): Promise<boolean>;
  /** Removes all of it. */
  destroy(): Promise<void>;
}
