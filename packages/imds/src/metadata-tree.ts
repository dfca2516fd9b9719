import type { InstanceMetadata } from '@bakehouse/domain';
import { ec2Json, wholeSeconds } from './ec2-json.ts';
import { groupNames, networkFolder } from './interfaces-folder.ts';
import {
  folderOf,
  lines,
  listFolder,
  lookUp,
  type MetadataFolder,
  textsOf,
} from './metadata-folder.ts';

/** Partitions other than `aws`, as domain's partitions.ts has them: the agent loads no other package but base and host. */
const partitions = [
  { prefix: 'cn-', partition: 'aws-cn', domain: 'amazonaws.com.cn' },
  { prefix: 'us-gov-', partition: 'aws-us-gov', domain: 'amazonaws.com' },
];
const publicPartition = { partition: 'aws', domain: 'amazonaws.com' };

const sorted = (texts: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * `meta-data/` as a version shows it: "Instance metadata categories" of EC2's user guide, with the dates of its column
 * "Version when category was released". Not in that table, but listed by every instance: `profile` (seen in
 * 2009-04-04), `hibernation/configured` (earliest known date 2021-03-23) and `system`. The platform has no IPv6, so
 * the categories of IPv6 addresses are missing as they are for an instance without one.
 */
function metadataTree(instance: InstanceMetadata, version: string): MetadataFolder {
  return folderOf(version, {
    'ami-id': ['1.0', instance.imageId],
    'ami-launch-index': ['1.0', String(instance.launchIndex)],
    'ami-manifest-path': ['1.0', '(unknown)'],
    'block-device-mapping': ['2007-12-15', textsOf(sorted(instance.blockDeviceMapping))],
    events: ['2018-08-17', { maintenance: { history: '[]', scheduled: '[]' } }],
    hibernation: ['2021-03-23', { configured: 'false' }],
    hostname: ['1.0', instance.localHostName],
    'identity-credentials': ['2018-05-23', { ec2: { info: identityCredentialsInfo(instance) } }],
    'instance-action': ['2008-09-01', 'none'],
    'instance-id': ['1.0', instance.instanceId],
    'instance-life-cycle': ['2019-10-01', 'on-demand'],
    'instance-type': ['2007-08-29', instance.instanceType],
    'kernel-id': ['2008-02-01', instance.kernelId],
    'local-hostname': ['2007-01-19', instance.localHostName],
    'local-ipv4': ['1.0', instance.privateIp],
    mac: ['2011-01-01', instance.macAddress],
    network: ['2011-01-01', networkFolder(instance, version)],
    placement: ['2008-02-01', placementFolder(instance, version)],
    profile: ['2009-04-04', 'default-hvm'],
    'public-hostname': ['2007-01-19', instance.publicHostName],
    'public-ipv4': ['2007-01-19', instance.publicIp],
    'public-keys': ['1.0', publicKeysFolder(instance)],
    'ramdisk-id': ['2007-10-10', instance.ramdiskId],
    'reservation-id': ['1.0', instance.reservationId],
    'security-groups': ['1.0', groupNames(instance.securityGroups)],
    services: ['2014-02-25', servicesFolder(instance, version)],
    system: ['2022-09-24', 'nitro'],
    tags: ['2021-03-23', tagsFolder(instance)],
  });
}

/**
 * `identity-credentials/ec2/info`, which tools read for the account. The credentials that it describes on EC2 identify
 * an instance to services of AWS that do not exist here, so `security-credentials/ec2-instance` is 404.
 */
function identityCredentialsInfo({ accountId, pendingTime }: InstanceMetadata): string {
  return ec2Json({ Code: 'Success', LastUpdated: wholeSeconds(pendingTime), AccountId: accountId });
}

function placementFolder(instance: InstanceMetadata, version: string): MetadataFolder {
  return folderOf(version, {
    'availability-zone': ['2008-02-01', instance.zone],
    'availability-zone-id': ['2019-10-01', instance.zoneId],
    region: ['2020-08-24', instance.region],
  });
}

function servicesFolder({ region }: InstanceMetadata, version: string): MetadataFolder {
  const found = partitions.find(({ prefix }) => region.startsWith(prefix)) ?? publicPartition;
  return folderOf(version, {
    domain: ['2014-02-25', found.domain],
    partition: ['2015-10-20', found.partition],
  });
}

function publicKeysFolder({ publicKeys }: InstanceMetadata): MetadataFolder {
  const keys = publicKeys.map((key, index) => {
    // Scripts append it to a file, so it must end with a newline.
    const text = key.openSshKey.endsWith('\n') ? key.openSshKey : `${key.openSshKey}\n`;
    return [String(index), { 'openssh-key': text }] as const;
  });
  return Object.fromEntries(keys);
}

function tagsFolder({ instanceMetadataTags, tags }: InstanceMetadata): MetadataFolder | undefined {
  return instanceMetadataTags === 'enabled' ? { instance: textsOf(tags) } : undefined;
}

/** The content at a path below `meta-data/`; undefined is 404. */
export function lookUpMetadata(
  instance: InstanceMetadata,
  version: string,
  path: readonly string[],
): string | undefined {
  const tree = metadataTree(instance, version);
  const found = lookUp(tree, nodePath(path));
  if (found === undefined || typeof found === 'string') return found;
  // Keys are listed as `0=name` and read under `0/`.
  if (path.length === 1 && path[0] === 'public-keys') {
    return lines(instance.publicKeys.map((key, index) => `${index}=${key.name}`));
  }
  return listFolder(found);
}

/** The key of a tag may contain slashes: everything after `tags/instance/` is one name. */
function nodePath(path: readonly string[]): readonly string[] {
  const [first, second, ...key] = path;
  if (first !== 'tags' || second !== 'instance' || key.length === 0) return path;
  return [first, second, key.join('/')];
}
