import { type FilterTable, nothing } from './filter.ts';

/** The filters of DescribeAddresses, by their documented names. There are no Elastic IP addresses. */
export const addressFilters: FilterTable<never> = nothing([
  'allocation-id',
  'association-id',
  'instance-id',
  'network-border-group',
  'network-interface-id',
  'network-interface-owner-id',
  'private-ip-address',
  'public-ip',
  'tag:',
  'tag-key',
]);
