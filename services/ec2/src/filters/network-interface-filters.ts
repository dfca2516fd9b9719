import { type NetworkInterface, privateDnsName, zoneId } from '@bakehouse/domain';
import { addressOwner, type InterfaceFacts } from '../views/interface-facts.ts';
import {
  attachmentStatus,
  isManaged,
  type NetworkInterfaceFacts,
  shownInterface,
} from '../views/network-interface.ts';
import { wholeSecondText } from '../views/time.ts';
import { type FilterTable, type FilterValue, nothing, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

type Values = FilterValue | readonly FilterValue[];
type OfNic = (nic: NetworkInterface) => Values;

const ofAttachment =
  (value: (attachment: NonNullable<NetworkInterface['attachment']>) => FilterValue): OfNic =>
  ({ attachment }) =>
    attachment && value(attachment);

const ofNic: Readonly<Record<string, OfNic>> = {
  'attachment.attach-time': ofAttachment(({ attachedAt }) => wholeSecondText(attachedAt)),
  'attachment.attachment-id': ofAttachment(({ id }) => id),
  'attachment.delete-on-termination': ofAttachment((each) => each.deleteOnTermination),
  'attachment.device-index': ofAttachment(({ deviceIndex }) => deviceIndex),
  'attachment.instance-id': ofAttachment(({ instanceId }) => instanceId),
  'attachment.instance-owner-id': (nic) => nic.attachment && nic.ownerId,
  'availability-zone': (nic) => nic.zone,
  'availability-zone-id': (nic) => zoneId(nic.zone),
  description: (nic) => nic.description,
  'group-id': (nic) => nic.groupIds,
  // The documentation of the filter and that of the reply spell it differently.
  'interface-type': (nic) => (isManaged(nic) ? ['nat_gateway', 'natGateway'] : 'interface'),
  'mac-address': (nic) => nic.macAddress,
  'network-interface-id': (nic) => nic.id,
  'operator.managed': () => false,
  'owner-id': (nic) => nic.ownerId,
  'private-dns-name': (nic) => privateDnsName(nic.privateIp, nic.region),
  'requester-managed': isManaged,
  'source-dest-check': (nic) => nic.sourceDestCheck,
  status: (nic) => nic.status,
  'subnet-id': (nic) => nic.subnetId,
  'tag-key': tagFilters['tag-key'],
  'vpc-id': (nic) => nic.vpcId,
};

/** A value of each public address; none of private addresses without one. */
const ofPublic =
  (value: (address: InterfaceFacts['addresses'][number]) => FilterValue) =>
  ({ addresses }: InterfaceFacts): readonly FilterValue[] =>
    addresses.filter(({ publicIp }) => publicIp !== undefined).map(value);

/** The filters by the addresses of interfaces, of which DescribeInstances has some under other names. */
export const interfaceAddressFilters = {
  owner: ofPublic(addressOwner),
  publicIp: ofPublic(({ publicIp }) => publicIp),
  publicName: ofPublic(({ publicName }) => publicName),
  allocationId: ofPublic(({ elastic }) => elastic?.id),
  associationId: ofPublic(({ elastic }) => elastic?.association?.id),
  /** Of each address whether it is the primary one. */
  isPrimary: ({ addresses }: InterfaceFacts) => addresses.map((_, index) => index === 0),
  privateIp: ({ addresses }: InterfaceFacts) => addresses.map(({ privateIp }) => privateIp),
};

const addresses = interfaceAddressFilters;

const ofAddresses: FilterTable<InterfaceFacts> = {
  'addresses.association.owner-id': addresses.owner,
  'addresses.association.public-ip': addresses.publicIp,
  'addresses.primary': addresses.isPrimary,
  'addresses.private-ip-address': addresses.privateIp,
  'association.allocation-id': addresses.allocationId,
  'association.association-id': addresses.associationId,
  'association.ip-owner-id': addresses.owner,
  'association.public-ip': addresses.publicIp,
  'association.public-dns-name': addresses.publicName,
  'private-ip-address': addresses.privateIp,
};

/** The filters of DescribeNetworkInterfaces, by their documented names, and the widely used `group-name`. */
export const networkInterfaceFilters: FilterTable<NetworkInterfaceFacts> = {
  ...nothing(['ipv6-addresses.ipv6-address', 'operator.principal', 'requester-id']),
  ...Object.fromEntries(
    Object.entries(ofNic).map(([name, value]) => [
      name,
      ({ nic }: NetworkInterfaceFacts) => value(nic),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(ofAddresses).map(([name, value]) => [
      name,
      (facts: NetworkInterfaceFacts) => value(shownInterface(facts), ''),
    ]),
  ),
  'tag:': ({ nic }, key) => tagFilters['tag:'](nic, key),
  'attachment.status': attachmentStatus,
  'group-name': ({ groups }) => groups.map((group) => group.name),
};

export const networkInterfaceIndexes: FilterIndexes<'networkInterface'> = {
  'attachment.attachment-id': 'attachment',
  'attachment.instance-id': 'instance',
  'group-id': 'group',
  'subnet-id': 'subnet',
  'vpc-id': 'vpc',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
