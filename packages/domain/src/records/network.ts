import type { TimestampMs } from '@bakehouse/base';
import type {
  AccountId,
  InstanceId,
  InternetGatewayId,
  NetworkInterfaceId,
  Placed,
  Resource,
  RouteTableId,
  SecurityGroupId,
  SecurityGroupRuleId,
  SubnetId,
  Tags,
  VpcId,
  ZoneName,
} from './common.ts';

export interface Vpc extends Resource<VpcId> {
  readonly cidr: string;
  readonly isDefault: boolean;
  readonly internetGatewayId: InternetGatewayId;
  readonly mainRouteTableId: RouteTableId;
  /** Tags of the parts that have no record of their own (gateway, route table …), by the part's id. */
  readonly partTags?: Readonly<Record<string, Tags>>;
}

export interface Subnet extends Resource<SubnetId> {
  readonly vpcId: VpcId;
  readonly zone: ZoneName;
  readonly cidr: string;
  readonly defaultForZone: boolean;
  readonly mapPublicIpOnLaunch: boolean;
}

export interface NetworkInterface extends Resource<NetworkInterfaceId>, Placed {
  readonly vpcId: VpcId;
  readonly subnetId: SubnetId;
  readonly zone: ZoneName;
  readonly description: string;
  readonly macAddress: string;
  readonly privateIp: string;
  /** From the loopback pool; held from start to stop. */
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
  | { readonly kind: 'group'; readonly groupId: SecurityGroupId; readonly accountId: AccountId };
