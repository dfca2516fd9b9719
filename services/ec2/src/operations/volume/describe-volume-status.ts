import { readFilters } from '../../filters/filter.ts';
import { volumeStatusFilters } from '../../filters/volume-status-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps, refusePagingWithIds } from '../../request/paging.ts';
import { volumeStatusView } from '../../views/volume-status.ts';

/** How each volume is; a guest that a disk has stopped shows in all of its volumes. */
export const describeVolumeStatus: Operation<'DescribeVolumeStatus'> = async (context, request) => {
  const { VolumeIds: ids, Filters: filters } = request;
  refusePagingWithIds(ids, request, 'volumeId');
  const stalled = await context.machines.stalled();
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, volumeStatusFilters),
    read: ownedSteps(context, {
      kind: 'volume',
      ids,
      item: async (_, volume) => ({
        volume,
        stalled: volume.attachment !== undefined && stalled.has(volume.attachment.instanceId),
      }),
    }),
  });
  return {
    VolumeStatuses: items.map(volumeStatusView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
