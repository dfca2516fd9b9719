import { zoneId } from '@bakehouse/domain';
import { type SubnetFacts, subnetArn } from '../views/subnet.ts';
import { type FilterTable, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

type SubnetFilter = FilterTable<SubnetFacts>[string];
const none = () => undefined;
const no = () => false;

const zone: SubnetFilter = ({ subnet }) => subnet.zone;
const idOfZone: SubnetFilter = ({ subnet }) => zoneId(subnet.zone);
const cidr: SubnetFilter = ({ subnet }) => subnet.cidr;
const defaultForZone: SubnetFilter = ({ subnet }) => subnet.defaultForZone;

/** The filters of DescribeSubnets, by their documented names (some have two). */
export const subnetFilters: FilterTable<SubnetFacts> = {
  'tag:': ({ subnet }, key) => tagFilters['tag:'](subnet, key),
  'tag-key': ({ subnet }) => tagFilters['tag-key'](subnet),
  'availability-zone': zone,
  availabilityZone: zone,
  'availability-zone-id': idOfZone,
  availabilityZoneId: idOfZone,
  'available-ip-address-count': ({ availableAddressCount }) => availableAddressCount,
  'cidr-block': cidr,
  cidrBlock: cidr,
  cidr,
  'customer-owned-ipv4-pool': none,
  'default-for-az': defaultForZone,
  defaultForAz: defaultForZone,
  'enable-dns64': no,
  'enable-lni-at-device-index': none,
  'ipv6-cidr-block-association.ipv6-cidr-block': none,
  'ipv6-cidr-block-association.association-id': none,
  'ipv6-cidr-block-association.state': none,
  'ipv6-native': no,
  'map-customer-owned-ip-on-launch': no,
  'map-public-ip-on-launch': ({ subnet }) => subnet.mapPublicIpOnLaunch,
  'outpost-arn': none,
  'owner-id': ({ subnet }) => subnet.ownerId,
  'private-dns-name-options-on-launch.hostname-type': () => 'ip-name',
  'private-dns-name-options-on-launch.enable-resource-name-dns-a-record': no,
  'private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record': no,
  state: () => 'available',
  'subnet-arn': ({ subnet }) => subnetArn(subnet),
  'subnet-id': ({ subnet }) => subnet.id,
  'vpc-id': ({ subnet }) => subnet.vpcId,
};

export const subnetIndexes: FilterIndexes<'subnet'> = {
  'vpc-id': 'vpc',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
