import { filterItems } from '../../filters/filter.ts';
import { servicePrefixListFilters } from '../../filters/prefix-list-filters.ts';
import { checkId, notFound } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** The lists of AWS's services that have gateway endpoints: there are none here. */
export const describePrefixLists: Operation<'DescribePrefixLists'> = async (_, request) => {
  const ids = request.PrefixListIds ?? [];
  for (const id of ids) checkId('prefixList', id);
  if (ids.length > 0) throw notFound('prefixList', ...ids);
  return { PrefixLists: [...(await filterItems([], request.Filters, servicePrefixListFilters))] };
};
