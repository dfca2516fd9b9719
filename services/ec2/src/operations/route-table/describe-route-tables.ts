import { readFilters } from '../../filters/filter.ts';
import { routeTableFilters, routeTableIndexes } from '../../filters/route-table-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { readRouteTableFacts, routeTableView } from '../../views/route-table.ts';

export const describeRouteTables: Operation<'DescribeRouteTables'> = async (context, request) => {
  const { RouteTableIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, routeTableFilters),
    read: ownedSteps(context, {
      kind: 'routeTable',
      ids,
      filters,
      indexes: routeTableIndexes,
      item: readRouteTableFacts,
    }),
  });
  return { RouteTables: items.map(routeTableView), ...(nextToken ? { NextToken: nextToken } : {}) };
};
