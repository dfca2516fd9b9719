import { internetGatewayFilters } from '../../filters/vpc-part-filters.ts';
import { partKinds, vpcParts } from '../../network/vpc-parts.ts';
import type { Operation } from '../../operation.ts';
import { pageOfItems } from '../../request/paging.ts';
import { internetGatewayView } from '../../views/vpc-parts.ts';
import { partCandidates } from './part-candidates.ts';

export const describeInternetGateways: Operation<'DescribeInternetGateways'> = async (
  context,
  request,
) => {
  const kind = partKinds.internetGateway;
  const all = await context.read((reader) =>
    partCandidates(reader, context, { kind, ids: request.InternetGatewayIds }),
  );
  const { items, nextToken } = await pageOfItems({
    request,
    items: all,
    idOf: (vpc) => vpcParts(vpc)[kind.part],
    table: internetGatewayFilters,
  });
  return {
    InternetGateways: items.map(internetGatewayView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
