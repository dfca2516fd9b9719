import { isResourceId } from '@bakehouse/base';
import { apiError, type ErrorCode, type MetadataReader, type RecordKinds } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';

type ById = {
  readonly prefix: string;
  readonly malformed: ErrorCode;
  readonly notFound: ErrorCode;
};

/** EC2's errors for a bad id of each kind. All of them are worded from `{ id }`. */
const complaints = {
  image: { prefix: 'ami', malformed: 'InvalidAMIID.Malformed', notFound: 'InvalidAMIID.NotFound' },
  snapshot: {
    prefix: 'snap',
    malformed: 'InvalidSnapshotID.Malformed',
    notFound: 'InvalidSnapshot.NotFound',
  },
  volume: {
    prefix: 'vol',
    malformed: 'InvalidVolumeID.Malformed',
    notFound: 'InvalidVolume.NotFound',
  },
  instance: {
    prefix: 'i',
    malformed: 'InvalidInstanceID.Malformed',
    notFound: 'InvalidInstanceID.NotFound',
  },
  securityGroup: {
    prefix: 'sg',
    malformed: 'InvalidGroupId.Malformed',
    notFound: 'InvalidGroup.NotFound',
  },
  securityGroupRule: {
    prefix: 'sgr',
    malformed: 'InvalidSecurityGroupRuleId.Malformed',
    notFound: 'InvalidSecurityGroupRuleId.NotFound',
  },
  vpc: { prefix: 'vpc', malformed: 'InvalidVpcID.Malformed', notFound: 'InvalidVpcID.NotFound' },
  subnet: {
    prefix: 'subnet',
    malformed: 'InvalidSubnetID.Malformed',
    notFound: 'InvalidSubnetID.NotFound',
  },
  internetGateway: {
    prefix: 'igw',
    malformed: 'InvalidInternetGatewayId.Malformed',
    notFound: 'InvalidInternetGatewayID.NotFound',
  },
  routeTable: {
    prefix: 'rtb',
    malformed: 'InvalidRouteTableId.Malformed',
    notFound: 'InvalidRouteTableID.NotFound',
  },
  networkAcl: {
    prefix: 'acl',
    malformed: 'InvalidNetworkAclId.Malformed',
    notFound: 'InvalidNetworkAclID.NotFound',
  },
  dhcpOptions: {
    prefix: 'dopt',
    malformed: 'InvalidDhcpOptionsId.Malformed',
    notFound: 'InvalidDhcpOptionID.NotFound',
  },
  elasticAddress: {
    prefix: 'eipalloc',
    malformed: 'InvalidAllocationID.Malformed',
    notFound: 'InvalidAllocationID.NotFound',
  },
  natGateway: {
    prefix: 'nat',
    malformed: 'NatGatewayMalformed',
    notFound: 'NatGatewayNotFound',
  },
  prefixList: {
    prefix: 'pl',
    malformed: 'InvalidPrefixListId.Malformed',
    notFound: 'InvalidPrefixListID.NotFound',
  },
  networkInterface: {
    prefix: 'eni',
    malformed: 'InvalidNetworkInterfaceId.Malformed',
    notFound: 'InvalidNetworkInterfaceID.NotFound',
  },
} as const satisfies Partial<Record<keyof RecordKinds, ById>>;

export type LookupKind = keyof typeof complaints;
type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** Throws the kind's `Malformed` error unless the text is a well-formed id. */
export function checkId(kind: LookupKind, id: string): void {
  const { prefix, malformed } = complaints[kind];
  if (!isResourceId(prefix, id)) throw apiError(malformed, { id });
}

/** The kind's `NotFound` error, which names all the ids. */
export function notFound(kind: LookupKind, ...ids: readonly string[]) {
  return apiError(complaints[kind].notFound, { ids });
}

async function findOwned<K extends LookupKind>(
  reader: MetadataReader,
  scope: Scope,
  { kind, id }: { kind: K; id: string },
): Promise<RecordKinds[K] | undefined> {
  const record = await reader.get(kind, id);
  const isOwned = record?.ownerId === scope.accountId && record.region === scope.region;
  return isOwned ? record : undefined;
}

/** The caller's own record of this region, or EC2's `Malformed` or `NotFound`. */
export async function ownedById<K extends LookupKind>(
  reader: MetadataReader,
  scope: Scope,
  kind: K,
  id = '',
): Promise<RecordKinds[K]> {
  checkId(kind, id);
  const record = await findOwned(reader, scope, { kind, id });
  if (!record) throw notFound(kind, id);
  return record;
}

/** As `ownedById`, for several ids. The error names every missing one. */
export async function allOwnedById<K extends LookupKind>(
  reader: MetadataReader,
  scope: Scope,
  kind: K,
  ids: readonly string[],
): Promise<readonly RecordKinds[K][]> {
  for (const id of ids) checkId(kind, id);
  const records: RecordKinds[K][] = [];
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    const record = await findOwned(reader, scope, { kind, id });
    if (record) records.push(record);
    else missing.push(id);
  }
  if (missing.length > 0) throw notFound(kind, ...missing);
  return records;
}
