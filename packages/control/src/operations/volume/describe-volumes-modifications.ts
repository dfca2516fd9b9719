import { apiError } from '@bakehouse/domain';
import { filterItems } from '../../filters/filter.ts';
import { volumeModificationFilters } from '../../filters/volume-modification-filters.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { volumeModificationView } from '../../views/volume-modification.ts';
import { listVolumes } from './describe-volumes.ts';

/** The last modification of each volume that had one. */
export const describeVolumesModifications: Operation<'DescribeVolumesModifications'> = async (
  context,
  request,
) => {
  const { VolumeIds: ids, Filters: filters } = request;
  const query = { ids, filters: undefined };
  const volumes = await context.read((reader) => listVolumes(reader, context, query));
  const modified = volumes.flatMap(({ id: volumeId, modification }) => {
    if (modification) return [{ volumeId, modification }];
    if (!ids?.length) return [];
    throw apiError('InvalidVolumeModification.NotFound', {
      message: `Modification for volume '${volumeId}' does not exist.`,
    });
  });
  const found = filterItems(modified, filters, volumeModificationFilters);
  const { items, nextToken } = page(found, request, (item) => item.volumeId, { min: 1, max: 500 });
  return {
    VolumesModifications: items.map((item) =>
      volumeModificationView(item.volumeId, item.modification),
    ),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
