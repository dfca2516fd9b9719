import { filterItems } from '../../filters/filter.ts';
import { volumeStatusFilters } from '../../filters/volume-status-filters.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { refusePagingWithIds } from '../../paging-with-ids.ts';
import { volumeStatusView } from '../../views/volume-status.ts';
import { listVolumes } from './describe-volumes.ts';

/** How each volume is; a guest that a disk has stopped shows in all of its volumes. */
export const describeVolumeStatus: Operation<'DescribeVolumeStatus'> = async (context, request) => {
  const { VolumeIds: ids, Filters: filters } = request;
  refusePagingWithIds(ids, request, 'volumeId');
  const query = { ids, filters: undefined };
  const volumes = await context.read((reader) => listVolumes(reader, context, query));
  const stalled = await context.powers.compute.stalled();
  const facts = volumes.map((volume) => ({
    volume,
    stalled: volume.attachment !== undefined && stalled.has(volume.attachment.instanceId),
  }));
  const found = filterItems(facts, filters, volumeStatusFilters);
  const { items, nextToken } = page(found, request, ({ volume }) => volume.id);
  return {
    VolumeStatuses: items.map(volumeStatusView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
