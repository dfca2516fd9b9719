import { readFilters } from '../../filters/filter.ts';
import {
  internetGatewayFilters,
  internetGatewayIndexes,
} from '../../filters/internet-gateway-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { internetGatewayView } from '../../views/internet-gateway.ts';

export const describeInternetGateways: Operation<'DescribeInternetGateways'> = async (
  context,
  request,
) => {
  const { InternetGatewayIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, internetGatewayFilters),
    read: ownedSteps(context, {
      kind: 'internetGateway',
      ids,
      filters,
      indexes: internetGatewayIndexes,
      item: async (_, gateway) => gateway,
    }),
  });
  return {
    InternetGateways: items.map(internetGatewayView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
