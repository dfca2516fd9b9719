import { isInRegion, isSharedWith, type MetadataReader, type Snapshot } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { readFilters } from '../../filters/filter.ts';
import { narrow } from '../../filters/narrow.ts';
import { snapshotFilters, snapshotIndexes } from '../../filters/snapshot-filters.ts';
import { checkId, notFound } from '../../lookup/lookups.ts';
import { recordSteps } from '../../lookup/record-steps.ts';
import {
  checkUsers,
  isGrantedTo,
  isVisible,
  type Owners,
  readOwners,
  visibleQueries,
} from '../../lookup/visible-records.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps, refusePagingWithIds } from '../../request/paging.ts';
import { readSnapshotFacts, snapshotView } from '../../views/snapshot.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

async function byIds(
  reader: MetadataReader,
  scope: Scope,
  ids: readonly string[],
): Promise<readonly Snapshot[]> {
  for (const id of ids) checkId('snapshot', id);
  const snapshots: Snapshot[] = [];
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    const snapshot = await reader.get('snapshot', id);
    const here = snapshot && isInRegion(snapshot, scope.region);
    if (here && isSharedWith(snapshot, scope.accountId)) snapshots.push(snapshot);
    else missing.push(id);
  }
  if (missing.length > 0) throw notFound('snapshot', ...missing);
  return snapshots.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** `RestorableBy`: by permission, or by ownership for the caller itself. */
function isRestorableBy(snapshot: Snapshot, scope: Scope, users: readonly string[]): boolean {
  const mine = users.some(
    (user) => snapshot.ownerId === (user === 'self' ? scope.accountId : user),
  );
  return mine || isGrantedTo(snapshot.createVolumePermissions, scope, users);
}

/** The snapshots that the caller may see: its own, public ones, and those shared with it. */
export const describeSnapshots: Operation<'DescribeSnapshots'> = async (context, request) => {
  const { SnapshotIds: ids, Filters: filters, RestorableByUserIds: users = [] } = request;
  refusePagingWithIds(ids, request, 'snapshotId');
  checkUsers(users);
  let owners: Owners | undefined;
  const read = recordSteps(context, {
    kind: 'snapshot',
    async candidates(reader) {
      const named = await readOwners(reader, context, request.OwnerIds);
      owners = named && { ...named, aliases: [] };
      if (ids?.length) return { named: await byIds(reader, context, ids) };
      return { queries: visibleQueries(context, owners, narrow(filters, snapshotIndexes)) };
    },
    async item(reader, snapshot) {
      if (!isVisible(snapshot, context, owners)) return undefined;
      if (users.length > 0 && !isRestorableBy(snapshot, context, users)) return undefined;
      return await readSnapshotFacts(reader, snapshot, context.accountId);
    },
  });
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, snapshotFilters),
    read,
  });
  return { Snapshots: items.map(snapshotView), ...(nextToken ? { NextToken: nextToken } : {}) };
};
