import type { IdSource, TimestampMs } from '@bakehouse/base';
import {
  type AccountId,
  apiError,
  ensureDefaultDhcpOptions,
  findRegion,
  type MetadataTransaction,
  planSubnet,
  planVpc,
  putVpc,
  type RegionName,
  type Vpc,
  type VpcRecords,
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

/** The tables and gateway of a default VPC: an internet gateway is attached, and the main table routes to it. */
async function putDefaultParts(
  tx: MetadataTransaction,
  records: VpcRecords,
  ids: IdSource,
): Promise<void> {
  const { mainRouteTable, vpc } = records;
  const { ownerId, region, createdAt, id: vpcId } = vpc;
  const id = ids.resource('igw');
  await tx.put('internetGateway', { ownerId, region, createdAt, tags: {}, id, vpcId });
  const target = { kind: 'internet-gateway', id } as const;
  const routes = [{ destination: '0.0.0.0/0', target }];
  await putVpc(tx, { ...records, mainRouteTable: { ...mainRouteTable, routes } });
}

/** Makes the default VPC of an account in a region, with a subnet in each zone and the default group. */
export async function createDefaultNetwork(
  tx: MetadataTransaction,
  { accountId, region, now, ids, distinctRanges }: DefaultNetworkRequest,
): Promise<Vpc> {
  const owner = { ownerId: accountId, region, createdAt: now };
  const cidr = await nextRange(tx, distinctRanges);
  const dhcpOptionsId = await ensureDefaultDhcpOptions(tx, owner, ids);
  const draft = { ...owner, tags: {}, id: ids.resource('vpc'), cidr, isDefault: true };
  const records = planVpc({ ...draft, dhcpOptionsId }, ids);
  const { vpc, defaultAcl: acl } = records;
  await putDefaultParts(tx, records, ids);
  for (const [index, zone] of (findRegion(region)?.zones ?? []).entries()) {
    const place = { vpcId: vpc.id, zone: zone.name, cidr: subnetRange(vpc.cidr, index) };
    const id = ids.resource('subnet');
    const subnet = { ...owner, ...place, id, tags: {}, defaultForZone: true, acl };
    await tx.put('subnet', planSubnet(subnet, ids));
  }
  return vpc;
}
