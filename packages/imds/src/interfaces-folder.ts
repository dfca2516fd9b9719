import type { InstanceMetadata, InterfaceMetadata } from '@bakehouse/domain';
import { folderOf, lines, type MetadataFolder } from './metadata-folder.ts';

type Groups = InterfaceMetadata['securityGroups'];

export const groupNames = (groups: Groups) => lines(groups.map(({ name }) => name));

/** The primary interface, from a document that lists none. */
function primaryInterface(instance: InstanceMetadata): InterfaceMetadata {
  const { privateIp, publicIp, publicHostName } = instance;
  return {
    deviceIndex: 0,
    interfaceId: instance.interfaceId,
    macAddress: instance.macAddress,
    addresses: [{ privateIp, ...(publicIp ? { publicIp } : {}) }],
    localHostName: instance.localHostName,
    ...(publicHostName ? { publicHostName } : {}),
    subnetId: instance.subnetId,
    subnetCidr: instance.subnetCidr,
    vpcId: instance.vpcId,
    vpcCidrs: [instance.vpcCidr],
    securityGroups: instance.securityGroups,
  };
}

/** Each public address with the private one that it is translated to. */
const associations = ({ addresses }: InterfaceMetadata): MetadataFolder =>
  Object.fromEntries(
    addresses.flatMap(({ privateIp, publicIp }) => (publicIp ? [[publicIp, privateIp]] : [])),
  );

function interfaceFolder(
  nic: InterfaceMetadata,
  { version, accountId }: { readonly version: string; readonly accountId: string },
): MetadataFolder {
  const publicIps = nic.addresses.flatMap(({ publicIp }) => publicIp ?? []);
  const [vpcCidr] = nic.vpcCidrs;
  return folderOf(version, {
    'device-number': ['2011-01-01', String(nic.deviceIndex)],
    'interface-id': ['2011-01-01', nic.interfaceId],
    'ipv4-associations': ['2011-01-01', associations(nic)],
    'local-hostname': ['2011-01-01', nic.localHostName],
    'local-ipv4s': ['2011-01-01', lines(nic.addresses.map(({ privateIp }) => privateIp))],
    mac: ['2011-01-01', nic.macAddress],
    'network-card-index': ['2020-11-01', '0'],
    'owner-id': ['2011-01-01', accountId],
    'public-hostname': ['2011-01-01', nic.publicHostName],
    'public-ipv4s': ['2011-01-01', publicIps.length > 0 ? lines(publicIps) : undefined],
    'security-group-ids': ['2011-01-01', lines(nic.securityGroups.map(({ id }) => id))],
    'security-groups': ['2011-01-01', groupNames(nic.securityGroups)],
    'subnet-id': ['2011-01-01', nic.subnetId],
    'subnet-ipv4-cidr-block': ['2011-01-01', nic.subnetCidr],
    'vpc-id': ['2011-01-01', nic.vpcId],
    'vpc-ipv4-cidr-block': ['2011-01-01', vpcCidr],
    'vpc-ipv4-cidr-blocks': ['2016-06-30', lines(nic.vpcCidrs)],
  });
}

/** `network/`: every interface of the instance under its MAC address. */
export function networkFolder(instance: InstanceMetadata, version: string): MetadataFolder {
  const { accountId, interfaces = [primaryInterface(instance)] } = instance;
  const macs = interfaces.map(
    (nic) => [nic.macAddress, interfaceFolder(nic, { version, accountId })] as const,
  );
  return { interfaces: { macs: Object.fromEntries(macs) } };
}
