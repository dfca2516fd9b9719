import { readFilters } from '../../filters/filter.ts';
import { instanceFilters, instanceIndexes } from '../../filters/instance-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps, refusePagingWithIds } from '../../request/paging.ts';
import { readManyInstances, reservationViews } from '../../views/reservation.ts';

/** The caller's instances, by reservation. Terminated ones stay visible for an hour. */
export const describeInstances: Operation<'DescribeInstances'> = async (context, request) => {
  const { InstanceIds: ids, Filters: filters } = request;
  refusePagingWithIds(ids, request, 'instancesSet');
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, instanceFilters),
    read: ownedSteps(context, {
      kind: 'instance',
      ids,
      filters,
      indexes: instanceIndexes,
      items: readManyInstances,
    }),
  });
  return {
    Reservations: reservationViews(items),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
