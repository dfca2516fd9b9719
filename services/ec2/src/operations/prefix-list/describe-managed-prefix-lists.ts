import { readFilters } from '../../filters/filter.ts';
import { prefixListFilters, prefixListIndexes } from '../../filters/prefix-list-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { prefixListView } from '../../views/prefix-list.ts';

const pageLimits = { min: 1, max: 100 };

export const describeManagedPrefixLists: Operation<'DescribeManagedPrefixLists'> = async (
  context,
  request,
) => {
  const { PrefixListIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, prefixListFilters),
    limits: pageLimits,
    read: ownedSteps(context, {
      kind: 'prefixList',
      ids,
      filters,
      indexes: prefixListIndexes,
      item: async (_, list) => list,
    }),
  });
  return {
    PrefixLists: items.map(prefixListView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
