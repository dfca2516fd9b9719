import { filterItems } from '../../filters/filter.ts';
import { internetGatewayFilters } from '../../filters/vpc-part-filters.ts';
import { partKinds } from '../../network/part-kinds.ts';
import { vpcParts } from '../../network/vpc-parts.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { internetGatewayView } from '../../views/vpc-parts.ts';
import { partCandidates } from './part-candidates.ts';

export const describeInternetGateways: Operation<'DescribeInternetGateways'> = async (
  context,
  request,
) =>
  await context.read(async (reader) => {
    const kind = partKinds.internetGateway;
    const all = await partCandidates(reader, context, { kind, ids: request.InternetGatewayIds });
    const found = filterItems(all, request.Filters, internetGatewayFilters);
    const { items, nextToken } = page(found, request, (vpc) => vpcParts(vpc)[kind.part]);
    return {
      InternetGateways: items.map(internetGatewayView),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  });
