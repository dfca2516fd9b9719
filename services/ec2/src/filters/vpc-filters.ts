import type { Vpc } from '@bakehouse/domain';
import { vpcParts } from '../network/vpc-parts.ts';
import { type FilterTable, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

const none = () => undefined;

/** The filters of DescribeVpcs, by their documented names. */
export const vpcFilters: FilterTable<Vpc> = {
  ...tagFilters,
  cidr: (vpc) => vpc.cidr,
  'cidr-block-association.cidr-block': (vpc) => vpc.cidr,
  'cidr-block-association.association-id': (vpc) => vpcParts(vpc).cidrAssociationId,
  'cidr-block-association.state': () => 'associated',
  'dhcp-options-id': (vpc) => vpcParts(vpc).dhcpOptionsId,
  'ipv6-cidr-block-association.ipv6-cidr-block': none,
  'ipv6-cidr-block-association.ipv6-pool': none,
  'ipv6-cidr-block-association.association-id': none,
  'ipv6-cidr-block-association.state': none,
  'is-default': (vpc) => vpc.isDefault,
  'owner-id': (vpc) => vpc.ownerId,
  state: () => 'available',
  'vpc-id': (vpc) => vpc.id,
  // Not in the documentation's list, but taken by EC2 and used by clients.
  'cidr-block': (vpc) => vpc.cidr,
  cidrBlock: (vpc) => vpc.cidr,
  dhcpOptionsId: (vpc) => vpcParts(vpc).dhcpOptionsId,
  isDefault: (vpc) => vpc.isDefault,
};

export const vpcIndexes: FilterIndexes<'vpc'> = { 'tag:': 'tag', 'tag-key': 'tagKey' };
