import { type NetworkInterface, privateDnsName, publicName, zoneId } from '@bakehouse/domain';
import {
  attachmentStatus,
  type NetworkInterfaceFacts,
  shownInterface,
} from '../views/network-interface.ts';
import { wholeSecondText } from '../views/time.ts';
import { type FilterTable, type FilterValue, nothing, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

type NicValue = (nic: NetworkInterface) => FilterValue | readonly FilterValue[];

const ofPublic =
  (value: NicValue): NicValue =>
  (nic) =>
    nic.publicIp === undefined ? undefined : value(nic);
const ofAttachment =
  (value: (attachment: NonNullable<NetworkInterface['attachment']>) => FilterValue): NicValue =>
  ({ attachment }) =>
    attachment && value(attachment);

const ipOwner = ofPublic(() => 'amazon');
const publicIp: NicValue = (nic) => nic.publicIp;
const privateIp: NicValue = (nic) => nic.privateIp;

const ofNic: Readonly<Record<string, NicValue>> = {
  'addresses.association.owner-id': ipOwner,
  'addresses.association.public-ip': publicIp,
  'addresses.primary': () => true,
  'addresses.private-ip-address': privateIp,
  'association.ip-owner-id': ipOwner,
  'association.public-ip': publicIp,
  'association.public-dns-name': ofPublic(publicName),
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
  'interface-type': () => 'interface',
  'mac-address': (nic) => nic.macAddress,
  'network-interface-id': (nic) => nic.id,
  'operator.managed': () => false,
  'owner-id': (nic) => nic.ownerId,
  'private-dns-name': (nic) => privateDnsName(nic.privateIp, nic.region),
  'private-ip-address': privateIp,
  'requester-managed': () => false,
  'source-dest-check': (nic) => nic.sourceDestCheck,
  status: (nic) => nic.status,
  'subnet-id': (nic) => nic.subnetId,
  'tag-key': tagFilters['tag-key'],
  'vpc-id': (nic) => nic.vpcId,
};

/** The filters of DescribeNetworkInterfaces, by their documented names, and the widely used `group-name`. */
export const networkInterfaceFilters: FilterTable<NetworkInterfaceFacts> = {
  ...nothing([
    'association.allocation-id',
    'association.association-id',
    'ipv6-addresses.ipv6-address',
    'operator.principal',
    'requester-id',
  ]),
  ...Object.fromEntries(
    Object.entries(ofNic).map(([name, value]) => [
      name,
      (facts: NetworkInterfaceFacts) => value(shownInterface(facts)),
    ]),
  ),
  'tag:': ({ nic }, key) => tagFilters['tag:'](nic, key),
  'attachment.status': attachmentStatus,
  'group-name': ({ groups }) => groups.map((group) => group.name),
};

export const networkInterfaceIndexes: FilterIndexes<'networkInterface'> = {
  'attachment.instance-id': 'instance',
  'group-id': 'group',
  'subnet-id': 'subnet',
  'association.public-ip': 'publicIp',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
