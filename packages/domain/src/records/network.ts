import type { TimestampMs } from '@bakehouse/base';
import type {
  AccountId,
  DhcpOptionsId,
  InstanceId,
  NetworkAclAssociationId,
  NetworkAclId,
  NetworkInterfaceId,
  Placed,
  PrefixListId,
  Resource,
  RouteTableAssociationId,
  RouteTableId,
  SecurityGroupId,
  SecurityGroupRuleId,
  SubnetId,
  VpcCidrAssociationId,
  VpcId,
  ZoneName,
} from './common.ts';

export interface Vpc extends Resource<VpcId> {
  /** The primary range. It stays as long as the VPC. */
  readonly cidr: string;
  readonly cidrAssociationId: VpcCidrAssociationId;
  readonly secondaryCidrs?: readonly {
    readonly associationId: VpcCidrAssociationId;
    readonly cidr: string;
  }[];
  readonly isDefault: boolean;
  /** Absent: the set `default`, which has no options. */
  readonly dhcpOptionsId?: DhcpOptionsId;
  /** Routes for the subnets that have no table of their own. */
  readonly mainRouteTable: RouteTableAssociation;
  /** Whether the VPC's resolver responds. */
  readonly dnsSupport: boolean;
  /** Whether instances with a public address have a public DNS name. */
  readonly dnsHostnames: boolean;
}

export interface RouteTableAssociation {
  readonly routeTableId: RouteTableId;
  readonly associationId: RouteTableAssociationId;
}

export interface Subnet extends Resource<SubnetId> {
  readonly vpcId: VpcId;
  readonly zone: ZoneName;
  readonly cidr: string;
  readonly defaultForZone: boolean;
  readonly mapPublicIpOnLaunch: boolean;
  /** Absent: the VPC's main route table. */
  readonly routeTable?: RouteTableAssociation;
  readonly networkAcl: {
    readonly networkAclId: NetworkAclId;
    readonly associationId: NetworkAclAssociationId;
  };
}

export interface NetworkInterface extends Resource<NetworkInterfaceId>, Placed {
  /** Absent: `interface`. A `nat_gateway` belongs to its NAT gateway: `in-use`, without an attachment. */
  readonly kind?: 'interface' | 'nat_gateway';
  readonly vpcId: VpcId;
  readonly subnetId: SubnetId;
  readonly zone: ZoneName;
  readonly description: string;
  readonly macAddress: string;
  /** The primary address, which stays as long as the interface. */
  readonly privateIp: string;
  readonly secondaryIps?: readonly string[];
  /** Automatic, of the primary private address; from the public pool, held from start to stop. */
  readonly publicIp?: string;
  /** Whether each start draws a public address. Absent in older records: as the subnet says. */
  readonly associatePublicIp?: boolean;
  readonly groupIds: readonly SecurityGroupId[];
  readonly sourceDestCheck: boolean;
  readonly status: 'available' | 'in-use';
  readonly attachment?: {
    readonly id: `eni-attach-${string}`;
    readonly instanceId: InstanceId;
    readonly deviceIndex: number;
    readonly attachedAt: TimestampMs;
    readonly deleteOnTermination: boolean;
    /** While a running guest is given the card, or has to give it up. Absent: attached. */
    readonly state?: 'attaching' | 'detaching';
  };
}

export interface SecurityGroup extends Resource<SecurityGroupId> {
  readonly vpcId: VpcId;
  readonly name: string;
  readonly description: string;
}

/** One peer, one port range: what a `SecurityGroupRuleId` names. */
export interface SecurityGroupRule extends Resource<SecurityGroupRuleId> {
  readonly groupId: SecurityGroupId;
  readonly direction: 'ingress' | 'egress';
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `-1` (all) or a protocol number. */
  readonly protocol: string;
  /** Ports, or the ICMP type; -1 is all. Absent when the protocol has none. */
  readonly fromPort?: number;
  /** Ports, or the ICMP code; -1 is all. */
  readonly toPort?: number;
  readonly peer: RulePeer;
  readonly description?: string;
}

export type RulePeer =
  | { readonly kind: 'cidr-ipv4'; readonly cidr: string }
  | { readonly kind: 'cidr-ipv6'; readonly cidr: string }
  | { readonly kind: 'group'; readonly groupId: SecurityGroupId; readonly accountId: AccountId }
  | { readonly kind: 'prefix-list'; readonly prefixListId: PrefixListId };
