import { createHash } from 'node:crypto';
import type { TimestampMs } from '@bakehouse/base';
import {
  type BlockDevice,
  everyRegion,
  type Image,
  type ImageId,
  type ImageState,
  type MetadataTransaction,
  type Snapshot,
  type SnapshotId,
} from '@bakehouse/domain';
import { volumeTypes } from '../launch/volume-shape.ts';
import { SeedError, SeedReader } from './seed-image-reader.ts';

export { SeedError } from './seed-image-reader.ts';

export interface SeedRecords {
  readonly images: readonly Image[];
  /** Those that the images' mappings name; records without bytes. */
  readonly snapshots: readonly Snapshot[];
}

/** What a mapping without a size has. */
const usualSizeGiB = 8;
const states: readonly ImageState[] = ['pending', 'available', 'failed'];
const idForm = (prefix: string) => ({
  pattern: new RegExp(`^${prefix}-(?:[0-9a-f]{8}|[0-9a-f]{17})$`),
  form: `${prefix}- and 8 or 17 hexadecimal digits`,
});

function readId(from: SeedReader, name: string, prefix: string): string | undefined {
  const { pattern, form } = idForm(prefix);
  return from.matching(name, pattern, form);
}

function readDevice(from: SeedReader): BlockDevice | undefined {
  // A mapping that takes a device away has nothing to show.
  if (from.text('NoDevice') !== undefined) return undefined;
  const deviceName = from.needText('DeviceName');
  const ebs = from.object('Ebs');
  if (!ebs) return { deviceName, virtualName: from.needText('VirtualName') };
  const snapshotId = readId(ebs, 'SnapshotId', 'snap') as SnapshotId | undefined;
  const iops = ebs.count('Iops');
  const throughput = ebs.count('Throughput');
  return {
    deviceName,
    ebs: {
      ...(snapshotId ? { snapshotId } : {}),
      sizeGiB: ebs.count('VolumeSize') ?? usualSizeGiB,
      volumeType: ebs.oneOf('VolumeType', volumeTypes) ?? 'standard',
      ...(iops === undefined ? {} : { iops }),
      ...(throughput === undefined ? {} : { throughput }),
      deleteOnTermination: ebs.flag('DeleteOnTermination') ?? true,
      encrypted: ebs.flag('Encrypted') ?? false,
    },
  };
}

function readTags(from: SeedReader): Readonly<Record<string, string>> {
  return Object.fromEntries(
    from.list('Tags').map((tag) => [tag.needText('Key'), tag.text('Value') ?? '']),
  );
}

function readTime(from: SeedReader, name: string): TimestampMs | undefined {
  const text = from.text(name);
  const time = text === undefined ? undefined : Date.parse(text);
  if (time === undefined || !Number.isNaN(time)) return time;
  throw new SeedError(
    `${from.path}: ${name} must be a time such as 2026-01-31T12:00:00.000Z, not '${text}'`,
  );
}

/** Members that an image has or has not, by the name of the record's field. */
function readOptional(from: SeedReader): Partial<Image> {
  const found = {
    description: from.text('Description'),
    ownerAlias: from.text('ImageOwnerAlias'),
    platform: from.text('Platform')?.toLowerCase() === 'windows' ? ('windows' as const) : undefined,
    sriovNetSupport: from.text('SriovNetSupport'),
    bootMode: from.oneOf('BootMode', ['legacy-bios', 'uefi', 'uefi-preferred']),
    imdsSupport: from.oneOf('ImdsSupport', ['v2.0']),
    tpmSupport: from.oneOf('TpmSupport', ['v2.0']),
    kernelId: from.text('KernelId'),
    ramdiskId: from.text('RamdiskId'),
    sourceImageId: readId(from, 'SourceImageId', 'ami'),
    sourceImageRegion: from.text('SourceImageRegion'),
    sourceInstanceId: readId(from, 'SourceInstanceId', 'i'),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function readImage(value: unknown, index: number, now: TimestampMs): Image {
  const named = new SeedReader(`image ${index + 1}`, value);
  const id = readId(named, 'ImageId', 'ami') ?? named.needText('ImageId');
  const from = new SeedReader(`image ${id}`, value);
  // Kernel and ramdisk images cannot be launched.
  from.oneOf('ImageType', ['machine']);
  const account = from.matching('OwnerId', /^\d{12}$/, 'an account id of 12 digits');
  return {
    ...readOptional(from),
    id: id as ImageId,
    ownerId: account ?? from.needText('OwnerId'),
    region: everyRegion,
    tags: readTags(from),
    createdAt: readTime(from, 'CreationDate') ?? now,
    name: from.needText('Name'),
    state: from.oneOf('State', states) ?? 'available',
    architecture: from.oneOf('Architecture', ['i386', 'x86_64', 'arm64']) ?? 'x86_64',
    platformDetails: from.text('PlatformDetails') ?? 'Linux/UNIX',
    rootDeviceType: from.oneOf('RootDeviceType', ['ebs', 'instance-store']) ?? 'ebs',
    rootDeviceName: from.text('RootDeviceName') ?? '/dev/xvda',
    virtualizationType: from.oneOf('VirtualizationType', ['hvm', 'paravirtual']) ?? 'hvm',
    enaSupport: from.flag('EnaSupport') ?? false,
    blockDevices: from.list('BlockDeviceMappings').flatMap((each) => readDevice(each) ?? []),
    launchPermissions: { everyone: from.flag('Public') ?? true, accountIds: [] },
  };
}

const digits = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 17);

function snapshotsOf(image: Image): readonly Snapshot[] {
  return image.blockDevices.flatMap(({ ebs }) => {
    if (!ebs?.snapshotId) return [];
    const { snapshotId: id, sizeGiB, encrypted } = ebs;
    return {
      id,
      ownerId: image.ownerId,
      region: everyRegion,
      tags: {},
      createdAt: image.createdAt,
      volumeId: 'vol-ffffffff' as const,
      sizeGiB,
      description: `Seeded for ${image.id}`,
      state: 'completed' as const,
      progressPercent: 100,
      startedAt: image.createdAt,
      completedAt: image.createdAt,
      encrypted,
      mapId: `map-${digits(id)}` as const,
      createVolumePermissions: { everyone: false, accountIds: [] },
    };
  });
}

/**
 * The records of a seed file: images in the form that `aws ec2 describe-images` prints, with their ids, owners
 * and owner aliases, in every region. An image that does not say whether it is public is. Throws SeedError.
 */
export function seedImages(document: unknown, { now }: { readonly now: TimestampMs }): SeedRecords {
  const isList = typeof document === 'object' && document !== null && 'Images' in document;
  if (!isList || !Array.isArray(document.Images)) {
    throw new SeedError(
      'a seed file must be {"Images": […]}, as aws ec2 describe-images prints it',
    );
  }
  const images = document.Images.map((value, index) => readImage(value, index, now));
  const seen = new Set<string>();
  for (const { id } of images) {
    if (seen.has(id)) throw new SeedError(`image ${id} is there twice`);
    seen.add(id);
  }
  const snapshots = new Map<string, Snapshot>();
  for (const snapshot of images.flatMap(snapshotsOf)) {
    const known = snapshots.get(snapshot.id);
    // The snapshot is as large as the smallest volume that a mapping makes of it.
    if (!known || snapshot.sizeGiB < known.sizeGiB) snapshots.set(snapshot.id, snapshot);
  }
  return { images, snapshots: [...snapshots.values()] };
}

/** Puts what is not there yet; an image that was deregistered since stays so. */
export async function putSeed(tx: MetadataTransaction, seed: SeedRecords): Promise<void> {
  for (const snapshot of seed.snapshots) {
    if (!(await tx.get('snapshot', snapshot.id))) await tx.put('snapshot', snapshot);
  }
  for (const image of seed.images) {
    const known = (await tx.get('image', image.id)) ?? (await tx.get('tombstone', image.id));
    if (!known) await tx.put('image', image);
  }
}
