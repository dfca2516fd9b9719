import { filterItems } from '../../filters/filter.ts';
import { routeTableFilters } from '../../filters/vpc-part-filters.ts';
import { partKinds } from '../../network/part-kinds.ts';
import { vpcParts } from '../../network/vpc-parts.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { routeTableView } from '../../views/vpc-parts.ts';
import { partCandidates } from './part-candidates.ts';

export const describeRouteTables: Operation<'DescribeRouteTables'> = async (context, request) =>
  await context.read(async (reader) => {
    const kind = partKinds.routeTable;
    const all = await partCandidates(reader, context, { kind, ids: request.RouteTableIds });
    const found = filterItems(all, request.Filters, routeTableFilters);
    const { items, nextToken } = page(found, request, (vpc) => vpcParts(vpc)[kind.part]);
    return {
      RouteTables: items.map(routeTableView),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  });
