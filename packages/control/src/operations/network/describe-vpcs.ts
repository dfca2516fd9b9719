import { filterItems } from '../../filters/filter.ts';
import { vpcFilters, vpcIndexes } from '../../filters/vpc-filters.ts';
import type { Operation } from '../../operation.ts';
import { ownedCandidates } from '../../owned-candidates.ts';
import { page } from '../../paging.ts';
import { vpcView } from '../../views/vpc.ts';

export const describeVpcs: Operation<'DescribeVpcs'> = async (context, request) =>
  await context.read(async (reader) => {
    const { VpcIds: ids, Filters: filters } = request;
    const query = { kind: 'vpc', ids, filters, indexes: vpcIndexes } as const;
    const all = await ownedCandidates(reader, context, query);
    const found = filterItems(all, filters, vpcFilters);
    const { items, nextToken } = page(found, request, (vpc) => vpc.id);
    return { Vpcs: items.map(vpcView), ...(nextToken ? { NextToken: nextToken } : {}) };
  });
