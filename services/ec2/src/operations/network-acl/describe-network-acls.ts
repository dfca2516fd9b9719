import { readFilters } from '../../filters/filter.ts';
import { networkAclFilters, networkAclIndexes } from '../../filters/network-acl-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { networkAclView, readNetworkAclFacts } from '../../views/network-acl.ts';

export const describeNetworkAcls: Operation<'DescribeNetworkAcls'> = async (context, request) => {
  const { NetworkAclIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, networkAclFilters),
    read: ownedSteps(context, {
      kind: 'networkAcl',
      ids,
      filters,
      indexes: networkAclIndexes,
      item: readNetworkAclFacts,
    }),
  });
  return { NetworkAcls: items.map(networkAclView), ...(nextToken ? { NextToken: nextToken } : {}) };
};
