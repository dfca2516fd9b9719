import {
  apiError,
  everyRegion,
  type Image,
  type MetadataReader,
  type Snapshot,
} from '@bakehouse/domain';
import type { OperationContext } from './context.ts';
import { isSharedWith } from './lookups.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** Whose records a Describe asks for: accounts, and the aliases that were named. */
export interface Owners {
  readonly accountIds: readonly string[];
  readonly aliases: readonly string[];
}

const accountPattern = /^\d{12}$/;
/** EC2's own, which are right though nobody here has them. */
const ec2Aliases: readonly string[] = ['amazon', 'aws-marketplace', 'aws-backup-vault'];

const malformedUser = (user: string) =>
  apiError('InvalidUserID.Malformed', { message: `Invalid user id: "${user}"` });

/** Refuses what is neither an account id nor `self` or `all`. */
export function checkUsers(users: readonly string[] | undefined): void {
  const bad = users?.find((user) => !['self', 'all'].includes(user) && !accountPattern.test(user));
  if (bad !== undefined) throw malformedUser(bad);
}

/** True when an image says that its owner is called so, as those of a seed may. */
async function isSeededAlias(reader: MetadataReader, scope: Scope, alias: string) {
  const where = { public: ['true'] };
  for (const region of [scope.region, everyRegion]) {
    const images = await reader.list('image', { region, where });
    if (images.some(({ ownerAlias }) => ownerAlias === alias)) return true;
  }
  return false;
}

/** `self`, account ids and owner aliases as accounts. Of aliases that nobody has, EC2's own match nothing. */
export async function readOwners(
  reader: MetadataReader,
  scope: Scope,
  owners: readonly string[] | undefined,
): Promise<Owners | undefined> {
  if (!owners?.length) return undefined;
  const accountIds: string[] = [];
  const aliases: string[] = [];
  for (const owner of owners) {
    if (owner === 'self') accountIds.push(scope.accountId);
    else if (accountPattern.test(owner)) accountIds.push(owner);
    else {
      const named = await reader.list('account', { where: { ownerAlias: [owner] } });
      const isAlias = named.length > 0 || ec2Aliases.includes(owner);
      if (!isAlias && !(await isSeededAlias(reader, scope, owner))) throw malformedUser(owner);
      accountIds.push(...named.map((account) => account.id));
      aliases.push(owner);
    }
  }
  return { accountIds, aliases };
}

export function isOwnedBy(record: Image | Snapshot, { accountIds, aliases }: Owners): boolean {
  if (accountIds.includes(record.ownerId)) return true;
  return 'ownerAlias' in record && aliases.includes(record.ownerAlias ?? '');
}

/** True when one of the users is named; `self` is the caller, `all` everyone. */
export function isGrantedTo(
  shared: { readonly everyone: boolean; readonly accountIds: readonly string[] },
  scope: Scope,
  users: readonly string[],
): boolean {
  return users.some((user) => {
    if (user === 'all') return shared.everyone;
    return shared.accountIds.includes(user === 'self' ? scope.accountId : user);
  });
}

/** The indexes that images and snapshots have in common. */
export interface VisibilityIndexes {
  readonly owner?: readonly string[];
  readonly public?: readonly string[];
  readonly sharedWith?: readonly string[];
}

/**
 * What the caller may see: its own, public, and shared with it; of these owners only, where they are named.
 * `list` adds the indexes to the caller's query; `narrowed` says that the query has indexes of its own.
 */
export async function listVisible<R extends Image | Snapshot>(
  scope: Scope,
  { owners, narrowed }: { owners: Owners | undefined; narrowed: boolean },
  list: (where: VisibilityIndexes) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const found: R[] = [];
  for (const where of waysToSee(scope, owners, narrowed)) {
    for (const record of await list(where)) {
      if (!isSharedWith(record, scope.accountId)) continue;
      if (!owners || isOwnedBy(record, owners)) found.push(record);
    }
  }
  return eachOnceById(found);
}

/** In order of id, each once. What comes from one list is so already, and may be long. */
function eachOnceById<R extends { readonly id: string }>(records: readonly R[]): readonly R[] {
  if (records.every(({ id }, index) => index === 0 || (records[index - 1]?.id ?? '') < id)) {
    return records;
  }
  const byId = new Map(records.map((record) => [record.id, record]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function waysToSee(
  scope: Scope,
  owners: Owners | undefined,
  narrowed: boolean,
): readonly VisibilityIndexes[] {
  if (owners) {
    const owned = [{ owner: owners.accountIds }];
    // An alias that only the records carry is not in the index of owners.
    return owners.aliases.length > 0 ? [...owned, { public: ['true'] }] : owned;
  }
  if (narrowed) return [{}];
  return [{ owner: [scope.accountId] }, { public: ['true'] }, { sharedWith: [scope.accountId] }];
}
