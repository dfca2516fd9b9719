import { privateDomain, type Vpc } from '@bakehouse/domain';
import { aclAssociationId, partTags, vpcParts } from '../network/vpc-parts.ts';
import type { NetworkAclFacts } from '../views/vpc-parts.ts';
import { type FilterTable, nothing, tagFilters } from './filter.ts';

type PartId = (vpc: Vpc) => string;

/** The filters that every part of a VPC has. */
const ofPart = (partId: PartId): FilterTable<Vpc> => ({
  'owner-id': (vpc) => vpc.ownerId,
  'tag:': (vpc, key) => tagFilters['tag:']({ tags: partTags(vpc, partId(vpc)) }, key),
  'tag-key': (vpc) => tagFilters['tag-key']({ tags: partTags(vpc, partId(vpc)) }),
});

const gatewayId: PartId = (vpc) => vpcParts(vpc).internetGatewayId;
const routeTableId: PartId = (vpc) => vpcParts(vpc).routeTableId;
const dhcpOptionsId: PartId = (vpc) => vpcParts(vpc).dhcpOptionsId;
const aclId: PartId = (vpc) => vpcParts(vpc).networkAclId;

/** The filters of DescribeInternetGateways, by their documented names. */
export const internetGatewayFilters: FilterTable<Vpc> = {
  ...ofPart(gatewayId),
  'attachment.state': () => 'available',
  'attachment.vpc-id': (vpc) => vpc.id,
  'internet-gateway-id': gatewayId,
};

/** The filters of DescribeRouteTables. The main table is associated with the VPC, with no subnet. */
export const routeTableFilters: FilterTable<Vpc> = {
  ...ofPart(routeTableId),
  ...nothing([
    'association.gateway-id',
    'association.subnet-id',
    'route.destination-ipv6-cidr-block',
    'route.destination-prefix-list-id',
    'route.egress-only-internet-gateway-id',
    'route.instance-id',
    'route.nat-gateway-id',
    'route.transit-gateway-id',
    'route.vpc-peering-connection-id',
  ]),
  'association.route-table-association-id': (vpc) => vpcParts(vpc).routeTableAssociationId,
  'association.route-table-id': routeTableId,
  'association.main': () => true,
  'route-table-id': routeTableId,
  'route.destination-cidr-block': (vpc) => [vpc.cidr, '0.0.0.0/0'],
  'route.gateway-id': (vpc) => ['local', gatewayId(vpc)],
  'route.origin': () => ['CreateRouteTable', 'CreateRoute'],
  'route.state': () => 'active',
  'vpc-id': (vpc) => vpc.id,
};

/** The filters of DescribeDhcpOptions. */
export const dhcpOptionsFilters: FilterTable<Vpc> = {
  ...ofPart(dhcpOptionsId),
  'dhcp-options-id': dhcpOptionsId,
  key: () => ['domain-name', 'domain-name-servers'],
  value: (vpc) => [privateDomain(vpc.region), 'AmazonProvidedDNS'],
};

const ofVpc = (table: FilterTable<Vpc>): FilterTable<NetworkAclFacts> =>
  Object.fromEntries(
    Object.entries(table).map(([name, get]) => [name, ({ vpc }, key) => get(vpc, key)]),
  );

/** The filters of DescribeNetworkAcls: one list per VPC, which lets all through. */
export const networkAclFilters: FilterTable<NetworkAclFacts> = {
  ...ofVpc(ofPart(aclId)),
  ...nothing([
    'entry.icmp.code',
    'entry.icmp.type',
    'entry.ipv6-cidr',
    'entry.port-range.from',
    'entry.port-range.to',
  ]),
  'association.association-id': ({ subnets }) => subnets.map(({ id }) => aclAssociationId(id)),
  'association.network-acl-id': ({ vpc }) => aclId(vpc),
  'association.subnet-id': ({ subnets }) => subnets.map(({ id }) => id),
  default: () => true,
  'entry.cidr': () => '0.0.0.0/0',
  'entry.protocol': () => '-1',
  'entry.rule-action': () => ['allow', 'deny'],
  'entry.egress': () => [true, false],
  'entry.rule-number': () => [100, 32_767],
  'network-acl-id': ({ vpc }) => aclId(vpc),
  'vpc-id': ({ vpc }) => vpc.id,
};
