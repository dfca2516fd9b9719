import { everyRegion, isInRegion, type MetadataReader, type Snapshot } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { filterTest } from '../../filters/filter.ts';
import { narrow } from '../../filters/narrow.ts';
import { snapshotFilters, snapshotIndexes } from '../../filters/snapshot-filters.ts';
import { checkId, isSharedWith, notFound } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { pageOf } from '../../paging.ts';
import { refusePagingWithIds } from '../../paging-with-ids.ts';
import { readSnapshotFacts, snapshotView } from '../../views/snapshot.ts';
import {
  checkUsers,
  isGrantedTo,
  isOwnedBy,
  listVisible,
  readOwners,
} from '../../visible-records.ts';

type Request = Parameters<Operation<'DescribeSnapshots'>>[1];
type Scope = Pick<OperationContext, 'accountId' | 'region'>;

async function byIds(
  reader: MetadataReader,
  scope: Scope,
  ids: readonly string[],
): Promise<readonly Snapshot[]> {
  for (const id of ids) checkId('snapshot', id);
  const snapshots: Snapshot[] = [];
  const missing: string[] = [];
  for (const id of [...new Set(ids)].sort()) {
    const snapshot = await reader.get('snapshot', id);
    const here = snapshot && isInRegion(snapshot, scope.region);
    if (here && isSharedWith(snapshot, scope.accountId)) snapshots.push(snapshot);
    else missing.push(id);
  }
  if (missing.length > 0) throw notFound('snapshot', ...missing);
  return snapshots;
}

async function candidates(
  reader: MetadataReader,
  scope: Scope,
  request: Request,
): Promise<readonly Snapshot[]> {
  const owners = await readOwners(reader, scope, request.OwnerIds);
  if (request.SnapshotIds?.length) {
    const snapshots = await byIds(reader, scope, request.SnapshotIds);
    return owners ? snapshots.filter((snapshot) => isOwnedBy(snapshot, owners)) : snapshots;
  }
  const query = narrow(scope.region, request.Filters, snapshotIndexes);
  const narrowed = Object.keys(query.where ?? {}).length > 0;
  return await listVisible(scope, { owners, narrowed }, async (where) => {
    const found = { ...query, where: { ...query.where, ...where } };
    const seeded = await reader.list('snapshot', { ...found, region: everyRegion });
    const own = await reader.list('snapshot', found);
    return own.length === 0 ? seeded : [...own, ...seeded];
  });
}

/** `RestorableBy`: as permissions say, and what the caller owns it can restore. */
function isRestorableBy(snapshot: Snapshot, scope: Scope, users: readonly string[]): boolean {
  const mine = users.some(
    (user) => snapshot.ownerId === (user === 'self' ? scope.accountId : user),
  );
  return mine || isGrantedTo(snapshot.createVolumePermissions, scope, users);
}

/** The snapshots that the caller may see: its own, public ones, and those shared with it. */
export const describeSnapshots: Operation<'DescribeSnapshots'> = async (context, request) => {
  refusePagingWithIds(request.SnapshotIds, request, 'snapshotId');
  return await context.read(async (reader) => {
    const users = request.RestorableByUserIds ?? [];
    checkUsers(users);
    const passes = filterTest(request.Filters, snapshotFilters);
    const make = async (snapshot: Snapshot) => {
      if (users.length > 0 && !isRestorableBy(snapshot, context, users)) return undefined;
      const facts = await readSnapshotFacts(reader, snapshot, context.accountId);
      return passes(facts) ? facts : undefined;
    };
    const found = await candidates(reader, context, request);
    const { items, nextToken } = await pageOf(found, make, request);
    return { Snapshots: items.map(snapshotView), ...(nextToken ? { NextToken: nextToken } : {}) };
  });
};
