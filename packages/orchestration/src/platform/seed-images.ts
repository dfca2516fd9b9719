import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { TimestampMs } from '@bakehouse/base';
import {
  type BlockDeviceMapping,
  completeSnapshot,
  ebsKeyAlias,
  everyRegion,
  type Image,
  type ImageId,
  type ImageState,
  type InstanceId,
  type MetadataTransaction,
  noVolumeId,
  planImage,
  planSnapshot,
  type Snapshot,
  type SnapshotId,
  volumeTypes,
} from '@bakehouse/domain';
import { SeedError, SeedReader } from './seed-image-reader.ts';

export { SeedError } from './seed-image-reader.ts';

export interface SeedRecords {
  readonly images: readonly Image[];
  /** The snapshots that the images' mappings name: records without bytes. */
  readonly snapshots: readonly Snapshot[];
  /** Ids of images that EC2 lists and this platform has no kind of. */
  readonly leftOut: readonly string[];
  /** When the file was read: the creation date of images that have none in it. */
  readonly readAt: TimestampMs;
}

/** Values of EC2's lists that no image here can have: kernels, images for Macs, and what is no image any more. */
const leftOutValues: Readonly<Record<string, readonly string[]>> = {
  ImageType: ['kernel', 'ramdisk'],
  Architecture: ['arm64_mac', 'x86_64_mac'],
  State: ['invalid', 'deregistered', 'transient', 'error', 'disabled'],
};

function isLeftOut(from: SeedReader): boolean {
  return Object.entries(leftOutValues).some(([name, values]) =>
    values.includes(from.text(name) ?? ''),
  );
}

/** The size of a mapping without one. */
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

function readDevice(from: SeedReader): BlockDeviceMapping | undefined {
  // A mapping with NoDevice removes a device, so there is nothing to record.
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
      ...(ebs.flag('Encrypted') ? { encryption: { keyId: ebsKeyAlias } } : {}),
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
function readOptional(from: SeedReader) {
  return {
    description: from.text('Description'),
    ownerAlias: from.text('ImageOwnerAlias'),
    platform: from.text('Platform')?.toLowerCase() === 'windows' ? ('windows' as const) : undefined,
    sriovNetSupport: from.text('SriovNetSupport'),
    imdsSupport: from.oneOf('ImdsSupport', ['v2.0']),
    tpmSupport: from.oneOf('TpmSupport', ['v2.0']),
    location: from.text('ImageLocation'),
    deprecatedAt: readTime(from, 'DeprecationTime'),
    sourceImageId: readId(from, 'SourceImageId', 'ami') as ImageId | undefined,
    sourceImageRegion: from.text('SourceImageRegion'),
    sourceInstanceId: readId(from, 'SourceInstanceId', 'i') as InstanceId | undefined,
  };
}

/** How the instances of the image boot. EC2 gives kernels to paravirtual images alone; handwritten seeds may differ. */
function readBoot(from: SeedReader) {
  const virtualizationType = from.oneOf('VirtualizationType', ['hvm', 'paravirtual']) ?? 'hvm';
  const bootMode = from.oneOf('BootMode', ['legacy-bios', 'uefi', 'uefi-preferred']);
  if (bootMode !== undefined && virtualizationType === 'paravirtual') {
    throw new SeedError(
      `${from.path}: BootMode is for the VirtualizationType hvm, and the image has paravirtual; leave BootMode out`,
    );
  }
  const [kernelId, ramdiskId] = [from.text('KernelId'), from.text('RamdiskId')];
  return { virtualizationType, bootMode, kernelId, ramdiskId };
}

/** What the instances of the image boot from: a volume, or a disk of the host. */
function readDisks(from: SeedReader, imageId: ImageId) {
  const rootDeviceType = from.oneOf('RootDeviceType', ['ebs', 'instance-store']) ?? 'ebs';
  const rootDeviceName = from.text('RootDeviceName') ?? '/dev/xvda';
  const mapped = from.list('BlockDeviceMappings').flatMap((each) => readDevice(each) ?? []);
  const hasRoot = mapped.some(({ deviceName }) => deviceName === rootDeviceName);
  const needsRoot = rootDeviceType === 'ebs' && !hasRoot;
  const blockDevices = needsRoot ? [missingRoot(imageId, rootDeviceName), ...mapped] : mapped;
  return { rootDeviceType, rootDeviceName, blockDevices };
}

/** The root device of an EBS image whose mapping leaves it out, as handwritten seeds do: EC2 has none without. */
const missingRoot = (imageId: ImageId, deviceName: string): BlockDeviceMapping => ({
  deviceName,
  ebs: {
    snapshotId: `snap-${digits(`root device of ${imageId}`)}`,
    sizeGiB: usualSizeGiB,
    volumeType: 'standard',
    deleteOnTermination: true,
  },
});

function readImage(value: unknown, index: number, now: TimestampMs): Image {
  const named = new SeedReader(`image ${index + 1}`, value);
  const id = readId(named, 'ImageId', 'ami') ?? named.needText('ImageId');
  const from = new SeedReader(`image ${id}`, value);
  from.oneOf('ImageType', ['machine']);
  const account = from.matching('OwnerId', /^\d{12}$/, 'an account id of 12 digits');
  return planImage({
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
    ...readDisks(from, id as ImageId),
    ...readBoot(from),
    enaSupport: from.flag('EnaSupport') ?? false,
    launchPermissions: { everyone: from.flag('Public') ?? true, accountIds: [] },
  });
}

const digits = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 17);

function snapshotsOf(image: Image): readonly Snapshot[] {
  return image.blockDevices.flatMap(({ ebs }) => {
    if (!ebs?.snapshotId) return [];
    const { snapshotId: id, sizeGiB, encryption } = ebs;
    const { ownerId, createdAt } = image;
    const snapshot = planSnapshot({
      id,
      ownerId,
      region: everyRegion,
      tags: {},
      createdAt,
      mapId: `map-${digits(id)}`,
      origin: { kind: 'seed' },
      volume: { id: noVolumeId, sizeGiB },
      description: `Seeded for ${image.id}`,
    });
    const completed = completeSnapshot(snapshot, { at: createdAt });
    return encryption ? { ...completed, encryption } : completed;
  });
}

/**
 * The records of a seed file: images in the form that `aws ec2 describe-images` prints, with their ids, owners
 * and owner aliases, in every region. An image without `Public` is public. Images of kinds that this platform does
 * not have are left out: Amazon's own list has kernels and images for Macs. Throws SeedError.
 */
export function seedImages(document: unknown, { now }: { readonly now: TimestampMs }): SeedRecords {
  const isList = typeof document === 'object' && document !== null && 'Images' in document;
  if (!isList || !Array.isArray(document.Images)) {
    throw new SeedError(
      'a seed file must be {"Images": […]}, as aws ec2 describe-images prints it',
    );
  }
  const leftOut: string[] = [];
  const images = document.Images.flatMap((value: unknown, index) => {
    const from = new SeedReader(`image ${index + 1}`, value);
    if (!isLeftOut(from)) return [readImage(value, index, now)];
    leftOut.push(from.needText('ImageId'));
    return [];
  });
  const seen = new Set<string>();
  for (const { id } of images) {
    if (seen.has(id)) throw new SeedError(`image ${id} occurs twice`);
    seen.add(id);
  }
  const snapshots = new Map<string, Snapshot>();
  for (const snapshot of images.flatMap(snapshotsOf)) {
    const known = snapshots.get(snapshot.id);
    // The snapshot is as large as the smallest volume that a mapping makes of it.
    if (!known || snapshot.sizeGiB < known.sizeGiB) snapshots.set(snapshot.id, snapshot);
  }
  return { images, snapshots: [...snapshots.values()], leftOut, readAt: now };
}

/** Adds what the record lacks, and a root device; what the record has stays, as it may have been changed since. */
function completed(known: Image, seeded: Image): Image {
  const { root, boot, blockDevices } = known;
  const hasRoot = blockDevices.some(({ deviceName }) => deviceName === root.deviceName);
  const isWhole = root.kind !== 'ebs' || hasRoot;
  return {
    ...seeded,
    ...known,
    boot: boot.kind === seeded.boot.kind ? { ...seeded.boot, ...boot } : boot,
    blockDevices: isWhole ? blockDevices : seeded.blockDevices,
  };
}

/** Whether the record has another value than the file for anything that the file can set. */
function differs(record: Image, seeded: Image, { readAt }: SeedRecords): boolean {
  const { lastLaunchedAt: _, earlierLaunches: __, ...values } = record;
  // A creation date that is not in the file is another one at each start.
  const createdAt = seeded.createdAt === readAt ? record.createdAt : seeded.createdAt;
  return !isDeepStrictEqual(values, { ...seeded, createdAt });
}

/**
 * Puts the records that are missing, and completes those that an earlier version made of less of the file. An image that
 * was deregistered since stays deregistered. Returns the images that are kept although the file has other values for them:
 * nothing records whether it was the file or the image that was changed.
 */
export async function putSeed(
  tx: MetadataTransaction,
  seed: SeedRecords,
): Promise<readonly ImageId[]> {
  const kept: ImageId[] = [];
  for (const snapshot of seed.snapshots) {
    if (!(await tx.get('snapshot', snapshot.id))) await tx.put('snapshot', snapshot);
  }
  for (const image of seed.images) {
    const known = await tx.get('image', image.id);
    if (!known && (await tx.get('tombstone', image.id))) continue;
    const wanted = known ? completed(known, image) : image;
    if (!isDeepStrictEqual(wanted, known)) await tx.put('image', wanted);
    if (differs(wanted, image, seed)) kept.push(image.id);
  }
  return kept;
}
