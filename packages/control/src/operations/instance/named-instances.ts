import type { Instance, MetadataReader } from '@bakehouse/domain';
import type { Filter } from '../../filters/filter.ts';
import { instanceIndexes } from '../../filters/instance-filters.ts';
import { narrow } from '../../filters/narrow.ts';
import { allOwnedById } from '../../lookups.ts';

interface InstancesRequest {
  readonly InstanceIds?: readonly string[] | undefined;
  readonly Filters?: readonly Filter[] | undefined;
}

/** The caller's instances that a Describe names, in order of id, or all that its filters may match. */
export async function namedInstances(
  reader: MetadataReader,
  scope: { readonly accountId: string; readonly region: string },
  request: InstancesRequest,
): Promise<readonly Instance[]> {
  if (request.InstanceIds?.length) {
    const named = await allOwnedById(reader, scope, 'instance', request.InstanceIds);
    return named.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }
  const query = narrow(scope.region, request.Filters, instanceIndexes);
  return await reader.list('instance', {
    ...query,
    where: { ...query.where, owner: [scope.accountId] },
  });
}
