import type { ElasticAddressFacts } from '../views/elastic-address.ts';
import { type FilterTable, tagFilters } from './filter.ts';

/** The filters of DescribeAddresses, by their documented names. */
export const addressFilters: FilterTable<ElasticAddressFacts> = {
  'allocation-id': ({ address }) => address.id,
  'association-id': ({ address }) => address.association?.id,
  'instance-id': ({ nic }) => nic?.attachment?.instanceId,
  'network-border-group': ({ address }) => address.region,
  'network-interface-id': ({ nic }) => nic?.id,
  'network-interface-owner-id': ({ nic }) => nic?.ownerId,
  'private-ip-address': ({ address }) => address.association?.privateIp,
  'public-ip': ({ address }) => address.publicIp,
  'tag:': ({ address }, key) => tagFilters['tag:'](address, key),
  'tag-key': ({ address }) => tagFilters['tag-key'](address),
};
