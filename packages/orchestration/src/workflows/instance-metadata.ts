import {
  type Instance,
  type InstanceMetadata,
  type NetworkInterface,
  privateDnsName,
  publicName,
  type SecurityGroup,
  type Subnet,
  settledMonitoring,
  type Vpc,
  zoneId,
} from '@bakehouse/domain';

export interface InstanceNetwork {
  readonly instance: Instance;
  readonly nic: NetworkInterface;
  readonly subnet: Subnet;
  readonly vpc: Vpc;
  readonly groups: readonly SecurityGroup[];
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

/** Everything the guest may read of itself. */
export function instanceMetadata(facts: InstanceNetwork): InstanceMetadata {
  const { instance, nic, subnet, vpc, groups } = facts;
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
    privateIp: nic.privateIp,
    ...(nic.publicIp ? { publicIp: nic.publicIp, publicHostName: publicName(nic) } : {}),
    localHostName: privateDnsName(nic.privateIp, instance.region),
    macAddress: nic.macAddress,
    interfaceId: nic.id,
    subnetId: subnet.id,
    subnetCidr: subnet.cidr,
    vpcId: vpc.id,
    vpcCidr: vpc.cidr,
    securityGroups: groups.map(({ id, name }) => ({ id, name })),
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
