import { type AccountId, apiError, type SharedWith } from '@bakehouse/domain';
import { findWord, oneOf } from './text.ts';

/** One permission in EC2's own members, as requests and replies carry it. */
interface Grant {
  readonly UserId?: string | undefined;
  readonly Group?: string | undefined;
  readonly OrganizationArn?: string | undefined;
  readonly OrganizationalUnitArn?: string | undefined;
}

/** A change of permissions, in the structured form and in the flat one of older clients. */
export interface SharingRequest {
  /** EC2's name of the attribute. */
  readonly attribute: 'launchPermission' | 'createVolumePermission';
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

/** The permissions in a reply. */
export function grantsView({ everyone, accountIds }: SharedWith) {
  return [
    ...(everyone ? [{ Group: 'all' as const }] : []),
    ...accountIds.map((UserId) => ({ UserId })),
  ];
}

const badItem = (value: string, item: string) =>
  apiError('InvalidAMIAttributeItemValue', { value, item });

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
    ...(groups ?? []).map((group) => ({ Group: findWord(group, ['all']) ?? group })),
  ];
}

interface SharingChange {
  readonly add: readonly Grant[];
  readonly remove: readonly Grant[];
}

const grantKeys = (grants: readonly Grant[]) =>
  new Set(grants.map((grant) => JSON.stringify([grant.UserId, grant.Group])));

const sameGrants = (a: readonly Grant[], b: readonly Grant[]) => {
  const [ofA, ofB] = [grantKeys(a), grantKeys(b)];
  return ofA.size === ofB.size && [...ofA].every((key) => ofB.has(key));
};

const operationOf = (type: string | undefined) =>
  type ? oneOf('operationType', type, ['add', 'remove']) : undefined;

/** Some clients (Packer) send one change in both forms; the flat one then may lack its operation. */
function checkAgreement(request: SharingRequest, { add, remove }: SharingChange): void {
  const flat = flatGrants(request);
  const given = operationOf(request.operationType);
  if (flat.length === 0 && !given) return;
  const operation = given ?? (add.length > 0 ? 'add' : 'remove');
  const [same, other] = operation === 'add' ? [add, remove] : [remove, add];
  if (other.length === 0 && (flat.length === 0 || sameGrants(flat, same))) return;
  throw apiError('InvalidParameterCombination', {
    message: 'The permissions given with OperationType differ from those given as Add and Remove',
  });
}

function changeOf(request: SharingRequest): SharingChange {
  const { Add: add = [], Remove: remove = [] } = request.structured ?? {};
  if (add.length + remove.length > 0) {
    checkAgreement(request, { add, remove });
    return { add, remove };
  }
  const grants = flatGrants(request);
  const operation = operationOf(request.operationType);
  if (grants.length === 0) {
    throw apiError('InvalidParameterCombination', {
      message: `No operation specified for ${request.attribute} attribute.`,
    });
  }
  if (!operation) throw apiError('MissingParameter', { parameter: 'operationType' });
  return operation === 'add' ? { add: grants, remove: [] } : { add: [], remove: grants };
}

/** One request does not say two things about one account or about everybody. */
function refuseContradiction(added: SharedWith, removed: SharedWith): void {
  const account = added.accountIds.find((id) => removed.accountIds.includes(id));
  const both = added.everyone && removed.everyone ? 'the group all' : account;
  if (both === undefined) return;
  throw apiError('InvalidParameterCombination', {
    message: `The permission of ${both} is both added and removed`,
  });
}

/**
 * The permissions after the change. Adding what exists and removing what is missing change nothing; a request
 * without any permission, or that adds and removes the same one, is refused.
 */
export function changeSharing(shared: SharedWith, request: SharingRequest): SharedWith {
  const change = changeOf(request);
  const added = sharedWith(change.add);
  const removed = sharedWith(change.remove);
  refuseContradiction(added, removed);
  const accountIds = new Set<AccountId>([...shared.accountIds, ...added.accountIds]);
  for (const accountId of removed.accountIds) accountIds.delete(accountId);
  return {
    everyone: (shared.everyone || added.everyone) && !removed.everyone,
    accountIds: [...accountIds],
  };
}

export const sharedWithNobody: SharedWith = { everyone: false, accountIds: [] };
