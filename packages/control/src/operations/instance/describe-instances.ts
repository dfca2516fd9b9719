import { filterItems } from '../../filters/filter.ts';
import { instanceFilters } from '../../filters/instance-filters.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { refusePagingWithIds } from '../../paging-with-ids.ts';
import { readInstanceFacts, reservationViews } from '../../views/reservation.ts';
import { namedInstances } from './named-instances.ts';

/** The caller's instances, by reservation. Terminated ones stay visible for an hour. */
export const describeInstances: Operation<'DescribeInstances'> = async (context, request) => {
  refusePagingWithIds(request.InstanceIds, request, 'instancesSet');
  return await context.read(async (reader) => {
    const facts = [];
    for (const instance of await namedInstances(reader, context, request)) {
      facts.push(await readInstanceFacts(reader, instance));
    }
    const found = filterItems(facts, request.Filters, instanceFilters);
    const { items, nextToken } = page(found, request, (item) => item.instance.id);
    return {
      Reservations: reservationViews(items),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  });
};
