import type { IdSource, TimestampMs } from '@bakehouse/base';
import {
  type AccountId,
  apiError,
  findRegion,
  type MetadataTransaction,
  type RegionName,
  type SecurityGroup,
  type SecurityGroupRule,
  type Subnet,
  type Vpc,
} from '@bakehouse/domain';

export interface DefaultNetworkRequest {
  readonly accountId: AccountId;
  readonly region: RegionName;
  readonly now: TimestampMs;
  readonly ids: IdSource;
  /** Real guests share one routed network, so their VPCs need ranges of their own. */
  readonly distinctRanges: boolean;
}

const ec2DefaultRange = '172.31.0.0/16';

/**
 * The range of the nth default VPC. The first has EC2's own 172.31.0.0/16; as all VPCs of a platform share
 * one address space, further ones take the rest of 172.16.0.0/12 and then 10.0.0.0/8.
 */
function vpcRange(index: number): string | undefined {
  if (index === 0) return ec2DefaultRange;
  if (index <= 15) return `172.${31 - index}.0.0/16`;
  if (index <= 15 + 256) return `10.${index - 16}.0.0/16`;
  return undefined;
}

/** The nth /20 of a /16, as EC2 cuts default subnets. */
function subnetRange(vpcCidr: string, index: number): string {
  const [a, b] = vpcCidr.split('.');
  return `${a}.${b}.${index * 16}.0/20`;
}

async function nextRange(tx: MetadataTransaction, distinct: boolean): Promise<string> {
  if (!distinct) return ec2DefaultRange;
  const setting = await tx.get('setting', 'vpc-count');
  const index = typeof setting?.value === 'number' ? setting.value : 0;
  const range = vpcRange(index);
  if (!range) {
    throw apiError('ResourceLimitExceeded', {
      message: 'No address range is left for another default VPC; use fewer accounts or regions',
    });
  }
  await tx.put('setting', { id: 'vpc-count', value: index + 1 });
  return range;
}

/** As in EC2: all traffic between the group's members, and all outbound traffic. */
function defaultGroupRules(group: SecurityGroup, ids: IdSource): readonly SecurityGroupRule[] {
  const { ownerId, region, createdAt } = group;
  const common = { ownerId, region, createdAt, tags: {}, groupId: group.id, protocol: '-1' };
  return [
    {
      ...common,
      id: ids.resource('sgr'),
      direction: 'ingress',
      peer: { kind: 'group', groupId: group.id, accountId: ownerId },
    },
    { ...common, ...allEgress, id: ids.resource('sgr') },
  ];
}

/** The rule that every new group of a VPC starts with. */
export const allEgress = {
  direction: 'egress',
  protocol: '-1',
  peer: { kind: 'cidr-ipv4', cidr: '0.0.0.0/0' },
} as const;

/** Makes the default VPC of an account in a region, with a subnet in each zone and the default group. */
export async function createDefaultNetwork(
  tx: MetadataTransaction,
  { accountId, region, now, ids, distinctRanges }: DefaultNetworkRequest,
): Promise<Vpc> {
  const common = { ownerId: accountId, region, createdAt: now, tags: {} };
  const vpc: Vpc = {
    ...common,
    id: ids.resource('vpc'),
    cidr: await nextRange(tx, distinctRanges),
    isDefault: true,
    internetGatewayId: ids.resource('igw'),
    mainRouteTableId: ids.resource('rtb'),
  };
  await tx.put('vpc', vpc);
  for (const [index, zone] of (findRegion(region)?.zones ?? []).entries()) {
    const subnet: Subnet = {
      ...common,
      id: ids.resource('subnet'),
      vpcId: vpc.id,
      zone: zone.name,
      cidr: subnetRange(vpc.cidr, index),
      defaultForZone: true,
      mapPublicIpOnLaunch: true,
    };
    await tx.put('subnet', subnet);
  }
  const group: SecurityGroup = {
    ...common,
    id: ids.resource('sg'),
    vpcId: vpc.id,
    name: 'default',
    description: 'default VPC security group',
  };
  await tx.put('securityGroup', group);
  for (const rule of defaultGroupRules(group, ids)) await tx.put('securityGroupRule', rule);
  return vpc;
}
