import { type NetworkInterface, privateDnsName } from '@bakehouse/domain';
import { type InstanceFacts, shownInterfaces } from '../views/instance-facts.ts';
import { type InterfaceFacts, interfaceStatus } from '../views/interface-facts.ts';
import { wholeSecondText } from '../views/time.ts';
import { type FilterTable, type FilterValue, nothing } from './filter.ts';
import { interfaceAddressFilters } from './network-interface-filters.ts';

const absent = nothing(
  [
    'addresses.association.carrier-ip',
    'addresses.association.customer-owned-ip',
    'association.carrier-ip',
    'association.customer-owned-ip',
    'ipv4-prefixes.ipv4-prefix',
    'ipv6-address',
    'ipv6-addresses.ipv6-address',
    'ipv6-addresses.is-primary-ipv6',
    'ipv6-prefixes.ipv6-prefix',
    'operator.principal',
    'outpost-arn',
    'requester-id',
  ].map((name) => `network-interface.${name}`),
);

/** The value that a filter compares, of each interface. */
type OfNic = (nic: NetworkInterface) => FilterValue | readonly FilterValue[];

const privateName: OfNic = (nic) => privateDnsName(nic.privateIp, nic.region);

const ofNic: Readonly<Record<string, OfNic>> = {
  'addresses.private-dns-name': privateName,
  'attachment.attach-time': (nic) => nic.attachment && wholeSecondText(nic.attachment.attachedAt),
  'attachment.attachment-id': (nic) => nic.attachment?.id,
  'attachment.delete-on-termination': (nic) => nic.attachment?.deleteOnTermination,
  'attachment.device-index': (nic) => nic.attachment?.deviceIndex,
  'attachment.instance-id': (nic) => nic.attachment?.instanceId,
  'attachment.instance-owner-id': (nic) => nic.ownerId,
  'attachment.network-card-index': () => 0,
  'availability-zone': (nic) => nic.zone,
  'deny-all-igw-traffic': () => false,
  description: (nic) => nic.description,
  'group-id': (nic) => nic.groupIds,
  'ipv6-native': () => false,
  'mac-address': (nic) => nic.macAddress,
  'network-interface-id': (nic) => nic.id,
  'operator.managed': () => false,
  'owner-id': (nic) => nic.ownerId,
  'private-dns-name': privateName,
  'requester-managed': () => false,
  'source-dest-check': (nic) => nic.sourceDestCheck,
  status: (nic) => nic.status,
  'subnet-id': (nic) => nic.subnetId,
  'tag-key': (nic) => Object.keys(nic.tags),
  'tag-value': (nic) => Object.values(nic.tags),
  'vpc-id': (nic) => nic.vpcId,
};

const addresses = interfaceAddressFilters;

const ofFacts: Readonly<Record<string, (facts: InterfaceFacts) => readonly FilterValue[]>> = {
  'addresses.association.allocation-id': addresses.allocationId,
  'addresses.association.association-id': addresses.associationId,
  'addresses.association.ip-owner-id': addresses.owner,
  'addresses.association.public-dns-name': addresses.publicName,
  'addresses.association.public-ip': addresses.publicIp,
  'addresses.primary': addresses.isPrimary,
  'addresses.private-ip-address': addresses.privateIp,
  'association.allocation-id': addresses.allocationId,
  'association.association-id': addresses.associationId,
  'association.ip-owner-id': addresses.owner,
  'association.public-dns-name': addresses.publicName,
  'association.public-ip': addresses.publicIp,
  'group-name': ({ groups }) => groups.map((group) => group.name),
  'private-ip-address': addresses.privateIp,
  'public-dns-name': addresses.publicName,
};

/** DescribeInstances' filters by the instance's network interfaces; an instance without any matches none. */
export const instanceNetworkFilters: FilterTable<InstanceFacts> = {
  ...absent,
  ...Object.fromEntries(
    Object.entries(ofNic).map(([name, value]) => [
      `network-interface.${name}`,
      ({ interfaces }: InstanceFacts) => interfaces.flatMap(({ nic }) => value(nic)),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(ofFacts).map(([name, value]) => [
      `network-interface.${name}`,
      (facts: InstanceFacts) => shownInterfaces(facts).flatMap(value),
    ]),
  ),
  'network-interface.attachment.status': ({ instance, interfaces }) =>
    interfaces.map(({ nic }) => interfaceStatus(nic, instance)),
};
