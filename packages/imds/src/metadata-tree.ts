import type { InstanceMetadata } from '@bakehouse/domain';

/** A folder of the tree: names to text, or to further folders. */
export interface MetadataFolder {
  readonly [name: string]: string | MetadataFolder;
}

/** Leaves out what the instance does not have, so that it answers 404 as on EC2. */
function present(entries: Readonly<Record<string, string | MetadataFolder | undefined>>) {
  const kept = Object.entries(entries).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as MetadataFolder;
}

function interfaceFolder(instance: InstanceMetadata): MetadataFolder {
  const { publicIp, publicHostName } = instance;
  return present({
    'device-number': '0',
    'interface-id': instance.interfaceId,
    'ipv4-associations': publicIp ? { [publicIp]: instance.privateIp } : undefined,
    'local-hostname': instance.localHostName,
    'local-ipv4s': instance.privateIp,
    mac: instance.macAddress,
    'owner-id': instance.accountId,
    'public-hostname': publicHostName,
    'public-ipv4s': publicIp,
    'security-group-ids': instance.securityGroups.map((group) => group.id).join('\n'),
    'security-groups': instance.securityGroups.map((group) => group.name).join('\n'),
    'subnet-id': instance.subnetId,
    'subnet-ipv4-cidr-block': instance.subnetCidr,
    'vpc-id': instance.vpcId,
    'vpc-ipv4-cidr-block': instance.vpcCidr,
    'vpc-ipv4-cidr-blocks': instance.vpcCidr,
  });
}

function tagsFolder({ instanceMetadataTags, tags }: InstanceMetadata) {
  if (instanceMetadataTags !== 'enabled') return undefined;
  return { instance: tags };
}

/** `meta-data/` of the latest version ("Instance metadata categories"). */
export function metadataTree(instance: InstanceMetadata): MetadataFolder {
  const { publicIp, publicHostName, publicKeys, kernelId, ramdiskId } = instance;
  return present({
    'ami-id': instance.imageId,
    'ami-launch-index': String(instance.launchIndex),
    'ami-manifest-path': '(unknown)',
    'block-device-mapping': instance.blockDeviceMapping,
    hostname: instance.localHostName,
    'instance-action': 'none',
    'instance-id': instance.instanceId,
    'instance-life-cycle': 'on-demand',
    'instance-type': instance.instanceType,
    'kernel-id': kernelId,
    'local-hostname': instance.localHostName,
    'local-ipv4': instance.privateIp,
    mac: instance.macAddress,
    network: { interfaces: { macs: { [instance.macAddress]: interfaceFolder(instance) } } },
    placement: {
      'availability-zone': instance.zone,
      'availability-zone-id': instance.zoneId,
      region: instance.region,
    },
    profile: 'default-hvm',
    'public-hostname': publicHostName,
    'public-ipv4': publicIp,
    'public-keys': publicKeys.length > 0 ? publicKeysFolder(instance) : undefined,
    'ramdisk-id': ramdiskId,
    'reservation-id': instance.reservationId,
    'security-groups': instance.securityGroups.map((group) => group.name).join('\n'),
    services: { domain: 'amazonaws.com', partition: 'aws' },
    system: 'nitro',
    tags: tagsFolder(instance),
  });
}

/** Listed as `0=name`, found under `0/`. */
function publicKeysFolder({ publicKeys }: InstanceMetadata): MetadataFolder {
  return Object.fromEntries(
    publicKeys.map((key, index) => [String(index), { 'openssh-key': key.openSshKey }]),
  );
}

/** The names in a folder, sub-folders with a slash, without a newline at the end. */
export function listFolder(
  folder: MetadataFolder,
  path: readonly string[],
  instance: InstanceMetadata,
): string {
  if (path.at(-1) === 'public-keys') {
    return instance.publicKeys.map((key, index) => `${index}=${key.name}`).join('\n');
  }
  return Object.entries(folder)
    .map(([name, value]) => (typeof value === 'string' ? name : `${name}/`))
    .join('\n');
}

/** What stands at a path below `meta-data/`; undefined is 404. */
export function lookUpMetadata(
  instance: InstanceMetadata,
  path: readonly string[],
): string | undefined {
  let here: string | MetadataFolder = metadataTree(instance);
  for (const name of path) {
    if (typeof here === 'string' || !Object.hasOwn(here, name)) return undefined;
    const next: string | MetadataFolder | undefined = here[name];
    if (next === undefined) return undefined;
    here = next;
  }
  return typeof here === 'string' ? here : listFolder(here, path, instance);
}
