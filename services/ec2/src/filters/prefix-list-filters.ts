import type { PrefixList } from '@bakehouse/domain';
import { type FilterTable, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

/** The filters of DescribeManagedPrefixLists, by their documented names, and the tag filters that EC2 takes too. */
export const prefixListFilters: FilterTable<PrefixList> = {
  ...tagFilters,
  'owner-id': (list) => list.ownerId,
  'prefix-list-id': (list) => list.id,
  'prefix-list-name': (list) => list.name,
};

export const prefixListIndexes: FilterIndexes<'prefixList'> = {
  'prefix-list-name': 'name',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};

/** The filters of DescribePrefixLists, by their documented names. */
export const servicePrefixListFilters: FilterTable<never> = {
  'prefix-list-id': () => undefined,
  'prefix-list-name': () => undefined,
};
