import type { MetadataReader, Volume } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { type Filter, filterItems } from '../../filters/filter.ts';
import { narrow } from '../../filters/narrow.ts';
import { volumeFilters, volumeIndexes } from '../../filters/volume-filters.ts';
import { allOwnedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { refusePagingWithIds } from '../../paging-with-ids.ts';
import { volumeView } from '../../views/volume.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** The caller's volumes, in order of id: those named, else all that the filters' indexes leave. */
export async function listVolumes(
  reader: MetadataReader,
  scope: Scope,
  { ids, filters }: { ids: readonly string[] | undefined; filters: readonly Filter[] | undefined },
): Promise<readonly Volume[]> {
  if (ids?.length) return await allOwnedById(reader, scope, 'volume', ids.toSorted());
  const query = narrow(scope.region, filters, volumeIndexes);
  const where = { ...query.where, owner: [scope.accountId] };
  return await reader.list('volume', { ...query, where });
}

/** The caller's volumes. */
export const describeVolumes: Operation<'DescribeVolumes'> = async (context, request) => {
  refusePagingWithIds(request.VolumeIds, request, 'volumeId');
  const { VolumeIds: ids, Filters: filters } = request;
  const volumes = await context.read((reader) => listVolumes(reader, context, { ids, filters }));
  const found = filterItems(volumes, filters, volumeFilters);
  const { items, nextToken } = page(found, request, (volume) => volume.id);
  return { Volumes: items.map(volumeView), ...(nextToken ? { NextToken: nextToken } : {}) };
};
