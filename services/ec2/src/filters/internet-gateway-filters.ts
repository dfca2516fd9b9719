import type { InternetGateway } from '@bakehouse/domain';
import { type FilterTable, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

/** The filters of DescribeInternetGateways, by their documented names. */
export const internetGatewayFilters: FilterTable<InternetGateway> = {
  ...tagFilters,
  'owner-id': ({ ownerId }) => ownerId,
  'attachment.state': ({ vpcId }) => (vpcId ? 'available' : undefined),
  'attachment.vpc-id': ({ vpcId }) => vpcId,
  'internet-gateway-id': ({ id }) => id,
};

export const internetGatewayIndexes: FilterIndexes<'internetGateway'> = {
  'attachment.vpc-id': 'vpc',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
