import type * as Ec2 from '@bakehouse/aws-model';
import type { TimestampMs } from '@bakehouse/base';
import {
  type Account,
  type AccountId,
  type BlockDeviceMapping,
  bootMode,
  everyRegion,
  type Image,
  type MetadataReader,
  reportedLaunch,
  virtualizationType,
} from '@bakehouse/domain';
import { ownTags, tagsIfAny } from '../request/tags.ts';
import { usageOperation, windows } from './platform.ts';
import { secondText, wholeSecondText } from './time.ts';

export type ImageView = NonNullable<Ec2.Ec2Output<'DescribeImages'>['Images']>[number];

function blockDeviceView({ deviceName, virtualName, ebs }: BlockDeviceMapping) {
  if (!ebs) return { DeviceName: deviceName, VirtualName: virtualName };
  return {
    DeviceName: deviceName,
    Ebs: {
      ...(ebs.snapshotId ? { SnapshotId: ebs.snapshotId } : {}),
      VolumeSize: ebs.sizeGiB,
      VolumeType: ebs.volumeType,
      DeleteOnTermination: ebs.deleteOnTermination,
      // As in EC2, an image does not show the key.
      Encrypted: ebs.encryption !== undefined,
      ...(ebs.iops === undefined ? {} : { Iops: ebs.iops }),
      ...(ebs.throughput === undefined ? {} : { Throughput: ebs.throughput }),
    },
  };
}

/** An image with the members that come from other records or depend on the time. */
export interface ImageFacts {
  readonly image: Image;
  readonly ownerAlias?: string;
  /** The last launch that is reported; only for the owner. */
  readonly launchedAt?: TimestampMs;
}

/**
 * The image with the viewer's tags: each account sees and finds an image by its own tags only. The tags of a seeded
 * image are visible to all.
 */
function asSeenBy(image: Image, viewerId: AccountId): Image {
  if (image.ownerId === viewerId) return image;
  const own = ownTags(image, viewerId);
  if (image.region === everyRegion) return { ...image, tags: { ...image.tags, ...own } };
  return { ...image, tags: own };
}

interface Viewer {
  readonly accountId: AccountId;
  readonly now: TimestampMs;
}

export async function readImageFacts(
  reader: MetadataReader,
  image: Image,
  { accountId, now }: Viewer,
): Promise<ImageFacts> {
  const owner: Account | undefined = await reader.get('account', image.ownerId);
  const ownerAlias = image.ownerAlias ?? owner?.ownerAlias;
  const launchedAt = image.ownerId === accountId ? reportedLaunch(image, now) : undefined;
  return {
    image: asSeenBy(image, accountId),
    ...(ownerAlias ? { ownerAlias } : {}),
    ...(launchedAt === undefined ? {} : { launchedAt }),
  };
}

/** Members that are left out when the image has no value for them. */
function optionalMembers(image: Image): Partial<ImageView> {
  const { boot } = image;
  const mode = bootMode(image);
  return {
    ...(image.description === undefined ? {} : { Description: image.description }),
    ...(image.platform ? { Platform: windows } : {}),
    ...(image.sriovNetSupport ? { SriovNetSupport: image.sriovNetSupport } : {}),
    ...(mode ? { BootMode: mode } : {}),
    ...(image.imdsSupport ? { ImdsSupport: image.imdsSupport } : {}),
    ...(image.tpmSupport ? { TpmSupport: image.tpmSupport } : {}),
    ...(boot.kernelId ? { KernelId: boot.kernelId } : {}),
    ...(boot.ramdiskId ? { RamdiskId: boot.ramdiskId } : {}),
    ...(image.sourceInstanceId ? { SourceInstanceId: image.sourceInstanceId } : {}),
    ...(image.sourceImageId ? { SourceImageId: image.sourceImageId } : {}),
    ...(image.sourceImageRegion ? { SourceImageRegion: image.sourceImageRegion } : {}),
    ...(image.stateReason
      ? { StateReason: { Code: image.stateReason.code, Message: image.stateReason.message } }
      : {}),
  };
}

export const imageLocation = ({ image, ownerAlias }: ImageFacts): string =>
  image.location ?? `${ownerAlias ?? image.ownerId}/${image.name}`;

/** The official shape of an image. */
export function imageView(facts: ImageFacts): ImageView {
  const { image, ownerAlias, launchedAt } = facts;
  const { deprecatedAt } = image;
  return {
    Architecture: image.architecture,
    CreationDate: wholeSecondText(image.createdAt),
    ImageId: image.id,
    ImageLocation: imageLocation(facts),
    ImageType: 'machine',
    // Nothing here protects an image: EnableImageDeregistrationProtection is not served.
    DeregistrationProtection: 'disabled',
    Public: image.launchPermissions.everyone,
    OwnerId: image.ownerId,
    ...(ownerAlias ? { ImageOwnerAlias: ownerAlias } : {}),
    PlatformDetails: image.platformDetails,
    UsageOperation: usageOperation(image),
    State: image.state,
    BlockDeviceMappings: image.blockDevices.map(blockDeviceView),
    EnaSupport: image.enaSupport,
    Hypervisor: 'xen',
    Name: image.name,
    RootDeviceName: image.root.deviceName,
    RootDeviceType: image.root.kind,
    ...tagsIfAny(image.tags),
    VirtualizationType: virtualizationType(image),
    ...(deprecatedAt ? { DeprecationTime: wholeSecondText(deprecatedAt) } : {}),
    ...(launchedAt === undefined ? {} : { LastLaunchedTime: secondText(launchedAt) }),
    ...optionalMembers(image),
  };
}
