import type { NatGateway } from '@bakehouse/domain';
import { type FilterTable, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

/** The filters of DescribeNatGateways, by their documented names. */
export const natGatewayFilters: FilterTable<NatGateway> = {
  ...tagFilters,
  'nat-gateway-id': (gateway) => gateway.id,
  state: (gateway) => gateway.state,
  'subnet-id': (gateway) => gateway.subnetId,
  'vpc-id': (gateway) => gateway.vpcId,
};

export const natGatewayIndexes: FilterIndexes<'natGateway'> = {
  state: 'state',
  'subnet-id': 'subnet',
  'vpc-id': 'vpc',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
