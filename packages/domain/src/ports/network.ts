import type {
  InstanceId,
  NatGatewayId,
  NetworkAclEntry,
  NetworkInterfaceId,
  SecurityGroupId,
  SubnetId,
  VpcId,
} from '../records/index.ts';

/** What a port needs. What may pass it, and its public addresses, are in the policy. */
export interface Nic {
  readonly nicId: NetworkInterfaceId;
  /** NICs of one VPC may reach each other. Those of different VPCs never meet, also where their ranges are equal. */
  readonly vpcId: VpcId;
  readonly subnetId: SubnetId;
  /** The subnet's range, for example `172.31.0.0/20`. Its first address is the router. */
  readonly subnetCidr: string;
  readonly macAddress: string;
  /** The primary address, which DHCP leases. */
  readonly privateIp: string;
  /** The name in DHCP and DNS, without its domain: `ip-172-31-0-10`. */
  readonly hostName: string;
  /** `ec2.internal` in `us-east-1`, `REGION.compute.internal` elsewhere. */
  readonly domainName: string;
  /** Whose machine opens the port. Absent: root's. */
  readonly instanceId?: InstanceId;
}

/**
 * Where a machine connects its network card: serializable. The network makes it, and the compute driver of the same
 * host understands it: `NAMESPACE/DEVICE` of a real network.
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

/** What may pass a NIC. It may be in a policy before it is plugged, and after. */
export interface PolicyNic {
  readonly nicId: NetworkInterfaceId;
  /** Also of a NIC that is not plugged: what is refused of it is refused of this VPC. */
  readonly vpcId: VpcId;
  readonly groupIds: readonly SecurityGroupId[];
  /** First: the primary one, as in `Nic`. No two NICs of a policy have the same public address. */
  readonly addresses: readonly { readonly privateIp: string; readonly publicIp?: string }[];
  /** When false, the guest may send from, and is sent, what is not for its own addresses. */
  readonly sourceDestCheck: boolean;
}

/** Where a route leads. What cannot be reached there (a NIC that is not plugged) is dropped without a word. */
export type RouteTarget =
  /** Out by the public address that belongs to the sender's private one. Needs a gateway that is attached. */
  | { readonly kind: 'internet' }
  | { readonly kind: 'nat'; readonly natGatewayId: NatGatewayId }
  /** The guest behind this NIC, whose source/destination check is off. */
  | { readonly kind: 'interface'; readonly nicId: NetworkInterfaceId }
  | { readonly kind: 'blackhole' };

export interface VpcRoute {
  readonly destination: string;
  readonly target: RouteTarget;
}

export interface VpcSubnet {
  readonly subnetId: SubnetId;
  readonly cidr: string;
  /** The longest destination that matches decides. The VPC's own ranges are implied. */
  readonly routes: readonly VpcRoute[];
  /**
   * For single packets that cross the border of the subnet, on private addresses: replies need an entry, too. The lowest
   * number that matches decides; what none matches does not pass.
   */
  readonly acl: readonly NetworkAclEntry[];
}

/** Sends on for guests by the routes of its own subnet. */
export interface VpcNatGateway {
  readonly natGatewayId: NatGatewayId;
  readonly subnetId: SubnetId;
  readonly privateIp: string;
  /** Absent: private connectivity, which leads to no gateway. */
  readonly publicIp?: string;
}

/** Options for DHCP clients of a VPC, as EC2 names them. */
export interface DhcpSettings {
  /** Absent: the NIC's `domainName`. */
  readonly domainName?: string;
  /** Absent: the VPC's own resolver. */
  readonly domainNameServers?: readonly string[];
  readonly ntpServers?: readonly string[];
  readonly netbiosNameServers?: readonly string[];
  /** 1, 2, 4 or 8 (RFC 2132 section 8.7). */
  readonly netbiosNodeType?: number;
}

export interface VpcTopology {
  readonly vpcId: VpcId;
  /** First: the primary one, whose third address is the resolver. */
  readonly cidrs: readonly string[];
  /** Without one, nothing outside is reached, and no public address of the VPC. */
  readonly hasInternetGateway: boolean;
  /** Whether the VPC's resolvers reply. */
  readonly dnsSupport: boolean;
  readonly dhcp: DhcpSettings;
  readonly subnets: readonly VpcSubnet[];
  readonly natGateways: readonly VpcNatGateway[];
}

export interface PolicyGroup {
  readonly groupId: SecurityGroupId;
  readonly rules: readonly PacketRule[];
}

/** All of the desired filtering, translation and routing. Whatever is not in it does not pass. */
export interface NetworkPolicy {
  readonly nics: readonly PolicyNic[];
  readonly groups: readonly PolicyGroup[];
  /** Guests of a VPC that is not here get neither DHCP, DNS nor metadata. */
  readonly vpcs: readonly VpcTopology[];
}

/** What differs from the policy applied last. `undefined`: no longer in it. */
export interface PolicyChange {
  readonly nics: ReadonlyMap<NetworkInterfaceId, PolicyNic | undefined>;
  readonly groups: ReadonlyMap<SecurityGroupId, readonly PacketRule[] | undefined>;
  readonly vpcs: ReadonlyMap<VpcId, VpcTopology | undefined>;
}

/** A part of the network that was lost from outside, and how it was put back. */
export interface NetworkRepair {
  /** `link`: between guests and the host; `vpc`: a VPC's namespace with its routes and ports. `filters`: security groups and who may speak as whom. */
  readonly part: 'link' | 'vpc' | 'filters' | 'dhcp-and-dns';
  /** For people: the name of the part on its host. */
  readonly name: string;
  readonly how: 'recreated' | 'replaced' | 'restarted';
}

/** The policy of these VPCs is not in force: the one before is. What was asked of all others is in force. */
export class PolicyRefusedError extends Error {
  override readonly name = 'PolicyRefusedError';
  readonly vpcIds: ReadonlySet<VpcId>;

  constructor(reasons: ReadonlyMap<VpcId, unknown>) {
    const [first, ...others] = reasons.values();
    const cause = others.length === 0 ? first : new AggregateError([first, ...others]);
    super(`the policy of ${[...reasons.keys()].join(', ')} is refused: ${first}`, { cause });
    this.vpcIds = new Set(reasons.keys());
  }
}

/** The platform's own network: isolated from the host's, and outliving the control plane. */
export interface Network {
  /** Creates or finds everything that instances share. Repeatable. */
  open(): Promise<void>;
  /**
   * Connects a NIC: port, address. Repeatable. Passes nothing until a policy names it and its VPC. Rejects when
   * another plugged NIC has its MAC, or its address in this VPC.
   */
  plug(nic: Nic): Promise<NetworkPort>;
  /** Disconnects a NIC. Not plugged: no-op. */
  unplug(nicId: NetworkInterfaceId): Promise<void>;
  /**
   * Replaces the whole policy. Each VPC changes in one transaction. Established connections that it forbids, or whose
   * public address has moved, are cut. Rejected: of some VPCs the policy before is in force, of the others this one;
   * a `PolicyRefusedError` says of which.
   */
  applyPolicy(policy: NetworkPolicy): Promise<void>;
  /**
   * As `applyPolicy` of the policy applied last, with this change. Rejected: of each VPC the policy before or the changed
   * one is in force; apply the whole policy next.
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
