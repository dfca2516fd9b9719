import { isResourceId } from '@bakehouse/base';
import {
  apiError,
  type ErrorCode,
  type Image,
  type MetadataReader,
  type RecordKinds,
  type Snapshot,
} from '@bakehouse/domain';
import type { OperationContext } from './context.ts';

type ById = {
  readonly prefix: string;
  readonly malformed: ErrorCode;
  readonly notFound: ErrorCode;
};

/** How EC2 complains about an id of each kind. All these errors are worded from `{ id }`. */
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

/** The kind's `NotFound` error. */
export function notFound(kind: LookupKind, id: string) {
  return apiError(complaints[kind].notFound, { id });
}

/** The caller's own record of this region, or EC2's `Malformed` or `NotFound`. */
export async function ownedById<K extends LookupKind>(
  reader: MetadataReader,
  scope: Scope,
  kind: K,
  id: string | undefined,
): Promise<RecordKinds[K]> {
  const wanted = id ?? '';
  checkId(kind, wanted);
  const record = await reader.get(kind, wanted);
  if (!record || record.ownerId !== scope.accountId || record.region !== scope.region) {
    throw notFound(kind, wanted);
  }
  return record;
}

/** As `ownedById`, for all ids: the first that is missing fails the request. */
export async function allOwnedById<K extends LookupKind>(
  reader: MetadataReader,
  scope: Scope,
  kind: K,
  ids: readonly string[],
): Promise<readonly RecordKinds[K][]> {
  for (const id of ids) checkId(kind, id);
  const records: RecordKinds[K][] = [];
  for (const id of new Set(ids)) records.push(await ownedById(reader, scope, kind, id));
  return records;
}

/** True when the account may launch or read it: owner, everyone, or named. */
export function isSharedWith(record: Image | Snapshot, accountId: string): boolean {
  const shared =
    'launchPermissions' in record ? record.launchPermissions : record.createVolumePermissions;
  return record.ownerId === accountId || shared.everyone || shared.accountIds.includes(accountId);
}
