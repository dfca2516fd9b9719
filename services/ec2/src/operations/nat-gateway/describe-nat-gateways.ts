import { readFilters } from '../../filters/filter.ts';
import { natGatewayFilters, natGatewayIndexes } from '../../filters/nat-gateway-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { natGatewayView } from '../../views/nat-gateway.ts';

export const describeNatGateways: Operation<'DescribeNatGateways'> = async (context, request) => {
  const { NatGatewayIds: ids, Filter: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, natGatewayFilters),
    read: ownedSteps(context, {
      kind: 'natGateway',
      ids,
      filters,
      indexes: natGatewayIndexes,
      item: async (_, gateway) => gateway,
    }),
  });
  return {
    NatGateways: items.map(natGatewayView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
