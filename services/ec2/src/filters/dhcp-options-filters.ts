import type { DhcpOptions } from '@bakehouse/domain';
import { type FilterTable, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

/** The filters of DescribeDhcpOptions, by their documented names. */
export const dhcpOptionsFilters: FilterTable<DhcpOptions> = {
  ...tagFilters,
  'owner-id': ({ ownerId }) => ownerId,
  'dhcp-options-id': ({ id }) => id,
  key: ({ options }) => options.map(({ key }) => key),
  value: ({ options }) => options.flatMap(({ values }) => values),
};

export const dhcpOptionsIndexes: FilterIndexes<'dhcpOptions'> = {
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
