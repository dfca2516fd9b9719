import { type Vpc, vpcCidrs } from '@bakehouse/domain';
import { cidrAssociations, noDhcpOptions } from '../views/vpc.ts';
import { type FilterTable, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

const none = () => undefined;
const dhcpOptionsId = (vpc: Vpc) => vpc.dhcpOptionsId ?? noDhcpOptions;

/** The filters of DescribeVpcs, by their documented names. */
export const vpcFilters: FilterTable<Vpc> = {
  ...tagFilters,
  cidr: (vpc) => vpc.cidr,
  'cidr-block-association.cidr-block': (vpc) => vpcCidrs(vpc),
  'cidr-block-association.association-id': (vpc) =>
    cidrAssociations(vpc).map(({ associationId }) => associationId),
  'cidr-block-association.state': () => 'associated',
  'dhcp-options-id': dhcpOptionsId,
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
  dhcpOptionsId,
  isDefault: (vpc) => vpc.isDefault,
};

export const vpcIndexes: FilterIndexes<'vpc'> = {
  'is-default': 'isDefault',
  isDefault: 'isDefault',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
