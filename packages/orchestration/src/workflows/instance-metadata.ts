import {
  type Instance,
  type InstanceMetadata,
  type InterfaceAddress,
  type InterfaceMetadata,
  type NetworkInterface,
  privateDnsName,
  publicName,
  type SecurityGroup,
  type Subnet,
  settledMonitoring,
  type Vpc,
  zoneId,
} from '@bakehouse/domain';

export interface InterfaceNetwork {
  readonly nic: NetworkInterface;
  readonly subnet: Subnet;
  readonly vpc: Vpc;
  readonly groups: readonly SecurityGroup[];
  /** The primary one first. */
  readonly addresses: readonly InterfaceAddress[];
}

export interface InstanceNetwork {
  readonly instance: Instance;
  /** By device index: the primary one first. */
  readonly interfaces: readonly [InterfaceNetwork, ...InterfaceNetwork[]];
}

/** `ami`, `root`, `ebs1` … as EC2 names the rows of `block-device-mapping/`. */
function blockDeviceNames(instance: Instance): Record<string, string> {
  const rootName = instance.root.deviceName;
  const short = (name: string) => name.replace(/^\/dev\//, '');
  const rows: Record<string, string> = { ami: short(rootName), root: rootName };
  const data = instance.volumes.filter((volume) => volume.deviceName !== rootName);
  for (const [index, volume] of data.entries()) rows[`ebs${index + 1}`] = short(volume.deviceName);
  for (const disk of instance.ephemeralDisks) rows[disk.virtualName] = short(disk.deviceName);
  return rows;
}

function interfaceMetadata(facts: InterfaceNetwork): InterfaceMetadata {
  const { nic, subnet, vpc, groups, addresses } = facts;
  const publicHostName = publicName(addresses[0] ?? {}, vpc);
  return {
    deviceIndex: nic.attachment?.deviceIndex ?? 0,
    interfaceId: nic.id,
    macAddress: nic.macAddress,
    addresses: addresses.map(({ privateIp, publicIp }) =>
      publicIp === undefined ? { privateIp } : { privateIp, publicIp },
    ),
    localHostName: privateDnsName(nic.privateIp, nic.region),
    ...(publicHostName ? { publicHostName } : {}),
    subnetId: subnet.id,
    subnetCidr: subnet.cidr,
    vpcId: vpc.id,
    vpcCidrs: [vpc.cidr, ...(vpc.secondaryCidrs ?? []).map(({ cidr }) => cidr)],
    securityGroups: groups.map(({ id, name }) => ({ id, name })),
  };
}

/** What the members of an instance's own repeat of its primary interface. */
function primaryMembers(facts: InterfaceNetwork) {
  const { vpc, addresses } = facts;
  const own = interfaceMetadata(facts);
  const publicIp = addresses[0]?.publicIp;
  return {
    privateIp: facts.nic.privateIp,
    ...(publicIp ? { publicIp } : {}),
    ...(own.publicHostName ? { publicHostName: own.publicHostName } : {}),
    localHostName: own.localHostName,
    macAddress: own.macAddress,
    interfaceId: own.interfaceId,
    subnetId: own.subnetId,
    subnetCidr: own.subnetCidr,
    vpcId: own.vpcId,
    vpcCidr: vpc.cidr,
    securityGroups: own.securityGroups,
  };
}

/** Everything the guest may read of itself. */
export function instanceMetadata({ instance, interfaces }: InstanceNetwork): InstanceMetadata {
  const { boot, keyName, publicKey, userDataBase64, metadataOptions } = instance;
  return {
    instanceId: instance.id,
    accountId: instance.ownerId,
    region: instance.region,
    zone: instance.zone,
    zoneId: zoneId(instance.zone) ?? instance.zone,
    imageId: instance.imageId,
    launchIndex: instance.launchIndex,
    instanceType: instance.instanceType,
    architecture: instance.architecture,
    ...(boot.kernelId ? { kernelId: boot.kernelId } : {}),
    ...(boot.ramdiskId ? { ramdiskId: boot.ramdiskId } : {}),
    reservationId: instance.reservationId,
    pendingTime: new Date(instance.launchedAt).toISOString(),
    ...primaryMembers(interfaces[0]),
    interfaces: interfaces.map(interfaceMetadata),
    publicKeys: keyName && publicKey ? [{ name: keyName, openSshKey: publicKey }] : [],
    blockDeviceMapping: blockDeviceNames(instance),
    tags: instance.tags,
    ...(userDataBase64 ? { userDataBase64 } : {}),
    httpTokens: metadataOptions.httpTokens,
    httpPutResponseHopLimit: metadataOptions.httpPutResponseHopLimit,
    httpEndpoint: metadataOptions.httpEndpoint,
    instanceMetadataTags: metadataOptions.instanceMetadataTags,
    monitoring: settledMonitoring(instance),
  };
}
