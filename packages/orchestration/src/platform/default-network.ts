import type { IdSource, TimestampMs } from '@bakehouse/base';
import {
  type AccountId,
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
}

/** As EC2's; every default VPC has it. */
const defaultRange = '172.31.0.0/16';

/** The nth /20 of the range, as EC2 cuts default subnets. */
const subnetRange = (index: number) => `172.31.${index * 16}.0/20`;

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
  { accountId, region, now, ids }: DefaultNetworkRequest,
): Promise<Vpc> {
  const owner = { ownerId: accountId, region, createdAt: now };
  const dhcpOptionsId = await ensureDefaultDhcpOptions(tx, owner, ids);
  const draft = {
    ...owner,
    tags: {},
    id: ids.resource('vpc'),
    cidr: defaultRange,
    isDefault: true,
  };
  const records = planVpc({ ...draft, dhcpOptionsId }, ids);
  const { vpc, defaultAcl: acl } = records;
  await putDefaultParts(tx, records, ids);
  for (const [index, zone] of (findRegion(region)?.zones ?? []).entries()) {
    const place = { vpcId: vpc.id, zone: zone.name, cidr: subnetRange(index) };
    const id = ids.resource('subnet');
    const subnet = { ...owner, ...place, id, tags: {}, defaultForZone: true, acl };
    await tx.put('subnet', planSubnet(subnet, ids));
  }
  return vpc;
}
