import {
  apiError,
  everyRegion,
  type Image,
  isSharedWith,
  type MetadataReader,
  type RecordQuery,
  type Snapshot,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** Whose records a Describe asks for: accounts, and the aliases that were named. */
export interface Owners {
  readonly accountIds: readonly string[];
  /** Carried by images alone, so a query for snapshots names none. */
  readonly aliases: readonly string[];
}

const accountPattern = /^\d{12}$/;
/** EC2's own aliases: valid although no account here has them. */
const ec2Aliases: readonly string[] = ['amazon', 'aws-marketplace', 'aws-backup-vault'];

const malformedUser = (user: string) => apiError('InvalidUserID.Malformed', { user });

/** Refuses anything but account ids, `self` and `all`. */
export function checkUsers(users: readonly string[] | undefined): void {
  const bad = users?.find((user) => !['self', 'all'].includes(user) && !accountPattern.test(user));
  if (bad !== undefined) throw malformedUser(bad);
}

/** True when an image carries this owner alias itself, as seeded images may. */
async function isSeededAlias(reader: MetadataReader, alias: string): Promise<boolean> {
  return (await reader.list('image', { where: { ownerAlias: [alias] }, limit: 1 })).length > 0;
}

/** Resolves `self`, account ids and owner aliases to accounts. EC2's own aliases may match no account. */
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
      if (!isAlias && !(await isSeededAlias(reader, owner))) throw malformedUser(owner);
      accountIds.push(...named.map((account) => account.id));
      aliases.push(owner);
    }
  }
  return { accountIds, aliases };
}

function isOwnedBy(record: Image | Snapshot, { accountIds, aliases }: Owners): boolean {
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

/** Whether a Describe of these owners' records shows it to the caller. */
export function isVisible(
  record: Image | Snapshot,
  scope: Scope,
  owners: Owners | undefined,
): boolean {
  return isSharedWith(record, scope.accountId) && (!owners || isOwnedBy(record, owners));
}

/** The indexes that images and snapshots have in common, and the alias of images. */
interface VisibilityIndexes {
  readonly owner?: readonly string[];
  readonly ownerAlias?: readonly string[];
  readonly public?: readonly string[];
  readonly sharedWith?: readonly string[];
}

/**
 * The queries that together find what the caller may see of a kind: its own, public, and shared with it; of these owners
 * only, where they are named. Images of a seed are in every region.
 */
export function visibleQueries<K extends 'image' | 'snapshot'>(
  scope: Scope,
  owners: Owners | undefined,
  narrowed: RecordQuery<K>,
): readonly RecordQuery<K>[] {
  const isNarrow = Object.keys({ ...narrowed.where, ...narrowed.ranges }).length > 0;
  return waysToSee(scope, owners, isNarrow).flatMap((way) =>
    [scope.region, everyRegion].map((region) => ({
      ...narrowed,
      region,
      // Both kinds have these indexes; the query's type cannot say so.
      where: { ...narrowed.where, ...way } as NonNullable<RecordQuery<K>['where']>,
    })),
  );
}

function waysToSee(
  scope: Scope,
  owners: Owners | undefined,
  isNarrow: boolean,
): readonly VisibilityIndexes[] {
  if (owners) {
    const owned = [{ owner: owners.accountIds }];
    return owners.aliases.length > 0 ? [...owned, { ownerAlias: owners.aliases }] : owned;
  }
  if (isNarrow) return [{}];
  return [{ owner: [scope.accountId] }, { public: ['true'] }, { sharedWith: [scope.accountId] }];
}
