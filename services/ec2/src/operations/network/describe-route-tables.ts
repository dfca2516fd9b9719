import { routeTableFilters } from '../../filters/vpc-part-filters.ts';
import { partKinds, vpcParts } from '../../network/vpc-parts.ts';
import type { Operation } from '../../operation.ts';
import { pageOfItems } from '../../request/paging.ts';
import { routeTableView } from '../../views/vpc-parts.ts';
import { partCandidates } from './part-candidates.ts';

export const describeRouteTables: Operation<'DescribeRouteTables'> = async (context, request) => {
  const kind = partKinds.routeTable;
  const all = await context.read((reader) =>
    partCandidates(reader, context, { kind, ids: request.RouteTableIds }),
  );
  const { items, nextToken } = await pageOfItems({
    request,
    items: all,
    idOf: (vpc) => vpcParts(vpc)[kind.part],
    table: routeTableFilters,
  });
  return {
    RouteTables: items.map(routeTableView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
