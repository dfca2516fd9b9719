import { fastRestoreFilters, fastRestoreIndexes } from '../../filters/fast-restore-filters.ts';
import { readFilters } from '../../filters/filter.ts';
import { narrow } from '../../filters/narrow.ts';
import { ownQuery } from '../../lookup/owned-steps.ts';
import { recordSteps } from '../../lookup/record-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { fastRestoreView, readShownFastRestore } from '../../views/fast-restore.ts';

/** The fast restores that the caller has asked for; what was disabled is shown for an hour. */
export const describeFastSnapshotRestores: Operation<'DescribeFastSnapshotRestores'> = async (
  context,
  request,
) => {
  const { Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, fastRestoreFilters),
    limits: { min: 1, max: 200 },
    read: recordSteps(context, {
      kind: 'fastRestore',
      candidates: async () => ({
        queries: [ownQuery(context, narrow(filters, fastRestoreIndexes))],
      }),
      item: readShownFastRestore,
    }),
  });
  return {
    FastSnapshotRestores: items.map(fastRestoreView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
