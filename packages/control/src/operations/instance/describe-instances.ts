import type { Instance, MetadataReader } from '@bakehouse/domain';
import { filterItems } from '../../filters/filter.ts';
import { instanceFilters, instanceIndexes } from '../../filters/instance-filters.ts';
import { narrow } from '../../filters/narrow.ts';
import { allOwnedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { readInstanceFacts, reservationViews } from '../../views/reservation.ts';

type Request = Parameters<Operation<'DescribeInstances'>>[1];
type Scope = { accountId: string; region: string };

async function candidates(
  reader: MetadataReader,
  scope: Scope,
  request: Request,
): Promise<readonly Instance[]> {
  if (request.InstanceIds?.length) {
    return await allOwnedById(reader, scope, 'instance', request.InstanceIds);
  }
  const query = narrow(scope.region, request.Filters, instanceIndexes);
  return await reader.list('instance', {
    ...query,
    where: { ...query.where, owner: [scope.accountId] },
  });
}

/** The caller's instances, by reservation. Terminated ones stay visible for an hour. */
export const describeInstances: Operation<'DescribeInstances'> = async (context, request) =>
  await context.read(async (reader) => {
    const facts = [];
    for (const instance of await candidates(reader, context, request)) {
      facts.push(await readInstanceFacts(reader, instance));
    }
    const found = filterItems(facts, request.Filters, instanceFilters);
    const { items, nextToken } = page(found, request, (item) => item.instance.id);
    return {
      Reservations: reservationViews(items),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  });
