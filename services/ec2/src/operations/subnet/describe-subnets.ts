import { readFilters } from '../../filters/filter.ts';
import { subnetFilters, subnetIndexes } from '../../filters/subnet-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { readSubnetFacts, subnetView } from '../../views/subnet.ts';

export const describeSubnets: Operation<'DescribeSubnets'> = async (context, request) => {
  const { SubnetIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, subnetFilters),
    read: ownedSteps(context, {
      kind: 'subnet',
      ids,
      filters,
      indexes: subnetIndexes,
      item: readSubnetFacts,
    }),
  });
  return { Subnets: items.map(subnetView), ...(nextToken ? { NextToken: nextToken } : {}) };
};
