import { dhcpOptionsFilters, dhcpOptionsIndexes } from '../../filters/dhcp-options-filters.ts';
import { readFilters } from '../../filters/filter.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { dhcpOptionsView } from '../../views/dhcp-options.ts';

export const describeDhcpOptions: Operation<'DescribeDhcpOptions'> = async (context, request) => {
  const { DhcpOptionsIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, dhcpOptionsFilters),
    read: ownedSteps(context, {
      kind: 'dhcpOptions',
      ids,
      filters,
      indexes: dhcpOptionsIndexes,
      item: async (_, options) => options,
    }),
  });
  return {
    DhcpOptions: items.map(dhcpOptionsView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
