import { type AccountId, apiError, type SharedWith } from '@bakehouse/domain';

/** One permission as requests and answers have it. */
export interface Grant {
  readonly UserId?: string | undefined;
  readonly Group?: string | undefined;
  readonly OrganizationArn?: string | undefined;
  readonly OrganizationalUnitArn?: string | undefined;
}

/** A change of permissions, in the structured form and in the flat one of older clients. */
export interface SharingRequest {
  readonly structured:
    | {
        readonly Add?: readonly Grant[] | undefined;
        readonly Remove?: readonly Grant[] | undefined;
      }
    | undefined;
  readonly operationType: string | undefined;
  readonly userIds: readonly string[] | undefined;
  readonly groups: readonly string[] | undefined;
}

/** The permissions as answers list them. */
export function grantsView({ everyone, accountIds }: SharedWith) {
  return [
    ...(everyone ? [{ Group: 'all' as const }] : []),
    ...accountIds.map((UserId) => ({ UserId })),
  ];
}

const badItem = (value: string, item: string) =>
  apiError('InvalidAMIAttributeItemValue', {
    message: `Invalid attribute item value "${value}" for ${item} item type.`,
  });

function checkGrant(grant: Grant): void {
  const { UserId: userId, Group: group, OrganizationArn: arn, OrganizationalUnitArn: unit } = grant;
  if (arn || unit) {
    throw apiError('UnsupportedOperation', {
      message: `Sharing with an organization (${arn ?? unit}) is not supported: there are no organizations on this platform. Name account ids`,
    });
  }
  if (group !== undefined && group !== 'all') throw badItem(group, 'group');
  if (userId !== undefined && !/^\d{12}$/.test(userId)) throw badItem(userId, 'userId');
  if (userId !== undefined || group !== undefined) return;
  throw apiError('MissingParameter', { message: 'A permission needs a UserId or a Group' });
}

function sharedWith(grants: readonly Grant[]): SharedWith {
  for (const grant of grants) checkGrant(grant);
  return {
    everyone: grants.some((grant) => grant.Group === 'all'),
    accountIds: grants.flatMap((grant) => grant.UserId ?? []),
  };
}

function flatGrants({ userIds, groups }: SharingRequest): readonly Grant[] {
  return [
    ...(userIds ?? []).map((UserId) => ({ UserId })),
    ...(groups ?? []).map((Group) => ({ Group })),
  ];
}

interface SharingChange {
  readonly add: readonly Grant[];
  readonly remove: readonly Grant[];
}

function changeOf(request: SharingRequest): SharingChange {
  const { structured, operationType } = request;
  const flat = flatGrants(request);
  if (structured && (flat.length > 0 || operationType)) {
    throw apiError('InvalidParameterCombination', {
      message: 'Permissions can be given as Add and Remove or with OperationType, not both',
    });
  }
  if (structured) return { add: structured.Add ?? [], remove: structured.Remove ?? [] };
  if (operationType === 'add') return { add: flat, remove: [] };
  if (operationType === 'remove') return { add: [], remove: flat };
  if (!operationType) throw apiError('MissingParameter', { parameter: 'operationType' });
  throw apiError('InvalidParameterValue', {
    message: `Value (${operationType}) for parameter operationType is invalid. Expecting: add, remove`,
  });
}

/** The permissions after the change. What is added twice is there once; removing what is not there is fine. */
export function changeSharing(shared: SharedWith, request: SharingRequest): SharedWith {
  const change = changeOf(request);
  if (change.add.length + change.remove.length === 0) {
    throw apiError('MissingParameter', {
      message: 'The request must name at least one user or group',
    });
  }
  const added = sharedWith(change.add);
  const removed = sharedWith(change.remove);
  const accountIds = new Set<AccountId>([...shared.accountIds, ...added.accountIds]);
  for (const accountId of removed.accountIds) accountIds.delete(accountId);
  return {
    everyone: (shared.everyone || added.everyone) && !removed.everyone,
    accountIds: [...accountIds],
  };
}

export const sharedWithNobody: SharedWith = { everyone: false, accountIds: [] };
