import type {
  DhcpOptionsId,
  InternetGatewayId,
  NatGatewayId,
  NetworkAclId,
  NetworkInterfaceId,
  PrefixListId,
  Resource,
  RouteTableId,
  VpcId,
} from './common.ts';

export interface InternetGateway extends Resource<InternetGatewayId> {
  /** Absent: attached to no VPC. */
  readonly vpcId?: VpcId;
}

/** Which subnets it routes for is in the subnets and in their VPC. */
export interface RouteTable extends Resource<RouteTableId> {
  readonly vpcId: VpcId;
  /** Each destination once. The routes inside the VPC (`local`) are implied. */
  readonly routes: readonly RouteEntry[];
}

export interface RouteEntry {
  /** A canonical IPv4 range, or the prefix list whose ranges it is. */
  readonly destination: string | PrefixListId;
  /** May no longer exist: the route is then a black hole. */
  readonly target: RouteEntryTarget;
}

export type RouteEntryTarget =
  | { readonly kind: 'internet-gateway'; readonly id: InternetGatewayId }
  | { readonly kind: 'nat-gateway'; readonly id: NatGatewayId }
  | { readonly kind: 'interface'; readonly id: NetworkInterfaceId };

/** Which subnets it filters for is in the subnets. */
export interface NetworkAcl extends Resource<NetworkAclId> {
  readonly vpcId: VpcId;
  /** For subnets that are associated with no other. */
  readonly isDefault: boolean;
  /** Each number once in each direction. That what no entry matches is denied, is implied. */
  readonly entries: readonly NetworkAclEntry[];
}

export interface NetworkAclEntry {
  readonly direction: 'ingress' | 'egress';
  /** Entries are evaluated in ascending order, 1 to 32766. */
  readonly ruleNumber: number;
  readonly allow: boolean;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `-1` (all) or a protocol number. */
  readonly protocol: string;
  /** Ports, or the ICMP type; -1 is all. Absent when the protocol has none. */
  readonly fromPort?: number;
  /** Ports, or the ICMP code; -1 is all. */
  readonly toPort?: number;
  /** A canonical range, of IPv4 or IPv6: of a packet's source for `ingress`, of its destination for `egress`. */
  readonly cidr: string;
}

/** Options never change: a VPC is given another set. */
export interface DhcpOptions extends Resource<DhcpOptionsId> {
  readonly options: readonly DhcpOption[];
  /** The account's set for new VPCs of the region, which the platform made. */
  readonly isDefault?: boolean;
}

export interface DhcpOption {
  readonly key: DhcpOptionKey;
  readonly values: readonly string[];
}

export type DhcpOptionKey =
  | 'domain-name'
  | 'domain-name-servers'
  | 'ntp-servers'
  | 'netbios-name-servers'
  | 'netbios-node-type';
