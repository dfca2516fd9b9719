import { apiError, type Volume } from '@bakehouse/domain';
import { readFilters } from '../../filters/filter.ts';
import { volumeModificationFilters } from '../../filters/volume-modification-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { volumeModificationView } from '../../views/volume-modification.ts';

function checkModified(volumes: readonly Volume[]): void {
  const other = volumes.find(({ modification }) => modification === undefined);
  if (!other) return;
  throw apiError('InvalidVolumeModification.NotFound', { volumeId: other.id });
}

/** The last modification of each volume that had one. */
export const describeVolumesModifications: Operation<'DescribeVolumesModifications'> = async (
  context,
  request,
) => {
  const { VolumeIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, volumeModificationFilters),
    limits: { min: 1, max: 500 },
    read: ownedSteps(context, {
      kind: 'volume',
      ids,
      checkNamed: checkModified,
      item: async (_, { id: volumeId, modification }) => modification && { volumeId, modification },
    }),
  });
  return {
    VolumesModifications: items.map((item) =>
      volumeModificationView(item.volumeId, item.modification),
    ),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
