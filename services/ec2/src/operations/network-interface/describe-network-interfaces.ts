import { readFilters } from '../../filters/filter.ts';
import {
  networkInterfaceFilters,
  networkInterfaceIndexes,
} from '../../filters/network-interface-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { networkInterfaceView, readManyInterfaces } from '../../views/network-interface.ts';

export const describeNetworkInterfaces: Operation<'DescribeNetworkInterfaces'> = async (
  context,
  request,
) => {
  const { NetworkInterfaceIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, networkInterfaceFilters),
    read: ownedSteps(context, {
      kind: 'networkInterface',
      ids,
      filters,
      indexes: networkInterfaceIndexes,
      items: readManyInterfaces,
    }),
  });
  return {
    NetworkInterfaces: items.map(networkInterfaceView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
