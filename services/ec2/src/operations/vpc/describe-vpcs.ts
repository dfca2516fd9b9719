import { readFilters } from '../../filters/filter.ts';
import { vpcFilters, vpcIndexes } from '../../filters/vpc-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { vpcView } from '../../views/vpc.ts';

export const describeVpcs: Operation<'DescribeVpcs'> = async (context, request) => {
  const { VpcIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, vpcFilters),
    read: ownedSteps(context, {
      kind: 'vpc',
      ids,
      filters,
      indexes: vpcIndexes,
      item: async (_, vpc) => vpc,
    }),
  });
  return { Vpcs: items.map(vpcView), ...(nextToken ? { NextToken: nextToken } : {}) };
};
