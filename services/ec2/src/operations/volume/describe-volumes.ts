import { readFilters } from '../../filters/filter.ts';
import { volumeFilters, volumeIndexes } from '../../filters/volume-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps, refusePagingWithIds } from '../../request/paging.ts';
import { volumeView } from '../../views/volume.ts';

/** The caller's volumes. */
export const describeVolumes: Operation<'DescribeVolumes'> = async (context, request) => {
  const { VolumeIds: ids, Filters: filters } = request;
  refusePagingWithIds(ids, request, 'volumeId');
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, volumeFilters),
    read: ownedSteps(context, {
      kind: 'volume',
      ids,
      filters,
      indexes: volumeIndexes,
      item: async (_, volume) => volume,
    }),
  });
  return { Volumes: items.map(volumeView), ...(nextToken ? { NextToken: nextToken } : {}) };
};
