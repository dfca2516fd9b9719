import { type NetworkInterface, privateDnsName, publicName } from '@bakehouse/domain';
import { type InstanceFacts, interfaceStatus, shownNic } from '../views/instance-facts.ts';
import { wholeSecondText } from '../views/time.ts';
import { type FilterTable, type FilterValue, nothing } from './filter.ts';

const absent = nothing(
  [
    'addresses.association.allocation-id',
    'addresses.association.association-id',
    'addresses.association.carrier-ip',
    'addresses.association.customer-owned-ip',
    'association.allocation-id',
    'association.association-id',
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

/** The value that a filter compares; filters by the interface match nothing when the instance has none. */
type NicValue = (nic: NetworkInterface) => FilterValue | readonly FilterValue[];

const whenPublic =
  (value: NicValue): NicValue =>
  (nic) =>
    nic.publicIp === undefined ? undefined : value(nic);

const privateName: NicValue = (nic) => privateDnsName(nic.privateIp, nic.region);
const ipOwner = whenPublic(() => 'amazon');
const publicDnsName = whenPublic(publicName);
const publicIp: NicValue = (nic) => nic.publicIp;
const privateIp: NicValue = (nic) => nic.privateIp;

const ofNic: Readonly<Record<string, NicValue>> = {
  'addresses.association.ip-owner-id': ipOwner,
  'addresses.association.public-dns-name': publicDnsName,
  'addresses.association.public-ip': publicIp,
  'addresses.primary': () => true,
  'addresses.private-dns-name': privateName,
  'addresses.private-ip-address': privateIp,
  'association.ip-owner-id': ipOwner,
  'association.public-dns-name': publicDnsName,
  'association.public-ip': publicIp,
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
  'private-ip-address': privateIp,
  'public-dns-name': publicDnsName,
  'requester-managed': () => false,
  'source-dest-check': (nic) => nic.sourceDestCheck,
  status: (nic) => nic.status,
  'subnet-id': (nic) => nic.subnetId,
  'tag-key': (nic) => Object.keys(nic.tags),
  'tag-value': (nic) => Object.values(nic.tags),
  'vpc-id': (nic) => nic.vpcId,
};

/** DescribeInstances' filters by the instance's network interface. */
export const instanceNetworkFilters: FilterTable<InstanceFacts> = {
  ...absent,
  ...Object.fromEntries(
    Object.entries(ofNic).map(([name, value]) => [
      `network-interface.${name}`,
      (facts: InstanceFacts) => {
        const nic = shownNic(facts);
        return nic && value(nic);
      },
    ]),
  ),
  'network-interface.attachment.status': ({ instance, nic }) => nic && interfaceStatus(instance),
  'network-interface.group-name': ({ groups }) => groups.map((group) => group.name),
};
