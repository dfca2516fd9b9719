import type { NetworkAclEntry } from '@bakehouse/domain';
import { protocolNumber } from '../network/rule-protocol.ts';
import { isIcmp, type NetworkAclFacts, shownEntries } from '../views/network-acl.ts';
import { type FilterTable, type FilterValue, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

type AclFilter = FilterTable<NetworkAclFacts>[string];

const ofEntries =
  (value: (entry: NetworkAclEntry) => FilterValue): AclFilter =>
  ({ acl }) =>
    shownEntries(acl).map(value);

const ofIcmp = (value: (entry: NetworkAclEntry) => FilterValue): AclFilter =>
  ofEntries((entry) => (isIcmp(entry) ? value(entry) : undefined));
const ofPorts = (value: (entry: NetworkAclEntry) => FilterValue): AclFilter =>
  ofEntries((entry) => (isIcmp(entry) ? undefined : value(entry)));
const isIpv6 = ({ cidr }: NetworkAclEntry) => cidr.includes(':');

/** The filters of DescribeNetworkAcls, by their documented names. */
export const networkAclFilters: FilterTable<NetworkAclFacts> = {
  'tag:': ({ acl }, key) => tagFilters['tag:'](acl, key),
  'tag-key': ({ acl }) => tagFilters['tag-key'](acl),
  'owner-id': ({ acl }) => acl.ownerId,
  'association.association-id': ({ subnets }) =>
    subnets.map(({ networkAcl }) => networkAcl.associationId),
  'association.network-acl-id': ({ subnets }) =>
    subnets.map(({ networkAcl }) => networkAcl.networkAclId),
  'association.subnet-id': ({ subnets }) => subnets.map(({ id }) => id),
  default: ({ acl }) => acl.isDefault,
  'entry.cidr': ofEntries((entry) => (isIpv6(entry) ? undefined : entry.cidr)),
  'entry.ipv6-cidr': ofEntries((entry) => (isIpv6(entry) ? entry.cidr : undefined)),
  'entry.icmp.code': ofIcmp(({ toPort }) => toPort),
  'entry.icmp.type': ofIcmp(({ fromPort }) => fromPort),
  'entry.port-range.from': ofPorts(({ fromPort }) => fromPort),
  'entry.port-range.to': ofPorts(({ toPort }) => toPort),
  'entry.protocol': ({ acl }) =>
    shownEntries(acl).flatMap(({ protocol }) => [protocol, protocolNumber(protocol)]),
  'entry.rule-action': ofEntries(({ allow }) => (allow ? 'allow' : 'deny')),
  'entry.egress': ofEntries(({ direction }) => direction === 'egress'),
  'entry.rule-number': ofEntries(({ ruleNumber }) => ruleNumber),
  'network-acl-id': ({ acl }) => acl.id,
  'vpc-id': ({ acl }) => acl.vpcId,
};

export const networkAclIndexes: FilterIndexes<'networkAcl'> = {
  'vpc-id': 'vpc',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
