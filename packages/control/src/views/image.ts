import type * as Ec2 from '@bakehouse/aws-model';
import {
  type Account,
  type AccountId,
  type BlockDevice,
  everyRegion,
  type Image,
  type MetadataReader,
} from '@bakehouse/domain';
import { ownTags } from '../own-tags.ts';
import { tagsView } from '../tag-specification.ts';

export type ImageView = NonNullable<Ec2.Ec2Output<'DescribeImages'>['Images']>[number];

export function blockDeviceView({ deviceName, virtualName, ebs }: BlockDevice) {
  if (!ebs) return { DeviceName: deviceName, VirtualName: virtualName };
  return {
    DeviceName: deviceName,
    Ebs: {
      ...(ebs.snapshotId ? { SnapshotId: ebs.snapshotId } : {}),
      VolumeSize: ebs.sizeGiB,
      VolumeType: ebs.volumeType,
      DeleteOnTermination: ebs.deleteOnTermination,
      Encrypted: ebs.encrypted,
      ...(ebs.iops === undefined ? {} : { Iops: ebs.iops }),
      ...(ebs.throughput === undefined ? {} : { Throughput: ebs.throughput }),
    },
  };
}

/** An image with what its view takes from other records. */
export interface ImageFacts {
  readonly image: Image;
  readonly ownerAlias?: string;
}

/**
 * Tags and the last launch are the owner's affair: others neither see them nor find the image by them, but by tags
 * of their own. A seeded image is as it was printed to somebody.
 */
function asSeenBy(image: Image, viewerId: AccountId): Image {
  if (image.ownerId === viewerId) return image;
  const own = ownTags(image, viewerId);
  if (image.region === everyRegion) return { ...image, tags: { ...image.tags, ...own } };
  const { lastLaunchedAt: _, ...rest } = image;
  return { ...rest, tags: own };
}

export async function readImageFacts(
  reader: MetadataReader,
  image: Image,
  viewerId: AccountId,
): Promise<ImageFacts> {
  const owner: Account | undefined = await reader.get('account', image.ownerId);
  const ownerAlias = image.ownerAlias ?? owner?.ownerAlias;
  return { image: asSeenBy(image, viewerId), ...(ownerAlias ? { ownerAlias } : {}) };
}

/** EC2 answers `windows` where the model's enumeration says `Windows`. */
const windows = 'windows' as string as NonNullable<ImageView['Platform']>;

/** What an image shows only when it has it. */
function optionalMembers(image: Image): Partial<ImageView> {
  return {
    ...(image.description === undefined ? {} : { Description: image.description }),
    ...(image.platform ? { Platform: windows } : {}),
    ...(image.sriovNetSupport ? { SriovNetSupport: image.sriovNetSupport } : {}),
    ...(image.bootMode ? { BootMode: image.bootMode } : {}),
    ...(image.imdsSupport ? { ImdsSupport: image.imdsSupport } : {}),
    ...(image.tpmSupport ? { TpmSupport: image.tpmSupport } : {}),
    ...(image.kernelId ? { KernelId: image.kernelId } : {}),
    ...(image.ramdiskId ? { RamdiskId: image.ramdiskId } : {}),
    ...(image.sourceInstanceId ? { SourceInstanceId: image.sourceInstanceId } : {}),
    ...(image.sourceImageId ? { SourceImageId: image.sourceImageId } : {}),
    ...(image.sourceImageRegion ? { SourceImageRegion: image.sourceImageRegion } : {}),
    ...(image.stateReason
      ? { StateReason: { Code: image.stateReason.code, Message: image.stateReason.message } }
      : {}),
  };
}

/** The official shape of an image. */
export function imageView({ image, ownerAlias }: ImageFacts): ImageView {
  const { lastLaunchedAt } = image;
  return {
    Architecture: image.architecture,
    CreationDate: new Date(image.createdAt).toISOString(),
    ImageId: image.id,
    ImageLocation: `${ownerAlias ?? image.ownerId}/${image.name}`,
    ImageType: 'machine',
    Public: image.launchPermissions.everyone,
    OwnerId: image.ownerId,
    ...(ownerAlias ? { ImageOwnerAlias: ownerAlias } : {}),
    PlatformDetails: image.platformDetails,
    UsageOperation: 'RunInstances',
    State: image.state,
    BlockDeviceMappings: image.blockDevices.map(blockDeviceView),
    EnaSupport: image.enaSupport,
    Hypervisor: 'xen',
    Name: image.name,
    RootDeviceName: image.rootDeviceName,
    RootDeviceType: image.rootDeviceType,
    Tags: tagsView(image.tags),
    VirtualizationType: image.virtualizationType,
    ...(lastLaunchedAt ? { LastLaunchedTime: new Date(lastLaunchedAt).toISOString() } : {}),
    ...optionalMembers(image),
  };
}
