import { invariant, isResourceId } from '@bakehouse/base';
import {
  apiError,
  attachmentPoint,
  type BlockDeviceMapping,
  checkBootType,
  checkInitializationRate,
  checkState,
  checkVolumeShape,
  type EbsMapping,
  type Image,
  isDeviceName,
  isInRegion,
  isSharedWith,
  isStoreName,
  type LaunchDevice,
  type MetadataReader,
  type Root,
  type Snapshot,
  type SnapshotId,
  type VolumeType,
  volumeTypes,
  withoutDerivedIops,
} from '@bakehouse/domain';
import { refuseSmallerThan, refuseUnserved } from '../request/refusals.ts';
import { oneOf } from '../request/text.ts';

/** One of BlockDeviceMappings in a request. */
export interface MappingRequest {
  readonly DeviceName?: string | undefined;
  readonly VirtualName?: string | undefined;
  readonly NoDevice?: string | undefined;
  readonly Ebs?: EbsRequest | undefined;
}

interface EbsRequest {
  readonly SnapshotId?: string | undefined;
  readonly VolumeSize?: number | undefined;
  readonly VolumeType?: string | undefined;
  readonly Iops?: number | undefined;
  readonly Throughput?: number | undefined;
  readonly VolumeInitializationRate?: number | undefined;
  readonly DeleteOnTermination?: boolean | undefined;
  readonly Encrypted?: boolean | undefined;
  readonly KmsKeyId?: string | undefined;
  readonly OutpostArn?: string | undefined;
  readonly AvailabilityZone?: string | undefined;
  readonly AvailabilityZoneId?: string | undefined;
  readonly EbsCardIndex?: number | undefined;
}

/** A device of image and request. Without a size, the volume has that of its snapshot. */
export interface MergedDevice extends Omit<BlockDeviceMapping, 'ebs'> {
  readonly ebs?: MergedEbs;
}

type MergedEbs = Omit<EbsMapping, 'sizeGiB'> & Partial<Pick<EbsMapping, 'sizeGiB'>>;

export const isSized = (device: MergedDevice): device is BlockDeviceMapping =>
  device.ebs === undefined || device.ebs.sizeGiB !== undefined;

const bad = (message: string) => apiError('InvalidBlockDeviceMapping', { message });

/** Refuses a device name that is missing, is none, or occurs twice. */
export function checkDeviceNames(mappings: readonly MappingRequest[]): void {
  const seen = new Set<string>();
  for (const { DeviceName: name } of mappings) {
    if (!name) throw bad('Missing device name');
    if (!isDeviceName(name) && !isStoreName(name)) throw bad(`Invalid device name ${name}`);
    if (seen.has(name))
      throw bad(`The device '${name}' is used in more than one block-device mapping`);
    seen.add(name);
  }
}

/** Refuses two spellings of one attachment point, in the request or in request and image. */
function checkAttachmentPoints(devices: readonly MergedDevice[]): void {
  const seen = new Map<string, string>();
  for (const { deviceName: name } of devices) {
    const point = attachmentPoint(name);
    const other = seen.get(point);
    if (other !== undefined) {
      throw bad(`The devices '${other}' and '${name}' are one attachment point; map it once`);
    }
    seen.set(point, name);
  }
}

const volumeTypeOf = (text: string | undefined, fallback: VolumeType) =>
  text === undefined ? fallback : oneOf('volumeType', text, volumeTypes);

/** A mapping of the request laid over the image's mapping of the same device, if there is one. */
function ebsOf(name: string, request: EbsRequest, base: MergedEbs | undefined): MergedEbs {
  // Only card 0 exists. A volume's zone is its instance's, so a mapping cannot choose one.
  const unserved = [
    'AvailabilityZone',
    'AvailabilityZoneId',
    'EbsCardIndex',
    'OutpostArn',
  ] as const;
  refuseUnserved(request, unserved, { EbsCardIndex: 0 });
  if (request.Encrypted || request.KmsKeyId) {
    throw apiError('UnsupportedOperation', {
      message: `The mapping of ${name} asks for encryption, which is not supported yet`,
    });
  }
  const snapshotId = request.SnapshotId ?? base?.snapshotId;
  if (snapshotId !== undefined && !isResourceId('snap', snapshotId)) {
    throw apiError('InvalidSnapshotID.Malformed', { id: snapshotId });
  }
  const sizeGiB = request.VolumeSize ?? base?.sizeGiB;
  if (sizeGiB === undefined && snapshotId === undefined) {
    throw apiError('MissingParameter', {
      parameter: 'size or snapshotId',
    });
  }
  const rate = request.VolumeInitializationRate;
  checkInitializationRate(rate, snapshotId);
  return {
    ...(snapshotId ? { snapshotId } : {}),
    ...(rate === undefined ? {} : { initializationRateMiBps: rate }),
    ...(sizeGiB === undefined ? {} : { sizeGiB }),
    ...performanceOf(request, base),
    deleteOnTermination: request.DeleteOnTermination ?? base?.deleteOnTermination ?? true,
  };
}

/** Type, IOPS and throughput. With another type than the image's, the image's figures do not apply. */
function performanceOf(request: EbsRequest, base: MergedEbs | undefined) {
  const volumeType = volumeTypeOf(request.VolumeType, base?.volumeType ?? 'gp2');
  const sameType = base?.volumeType === volumeType ? base : undefined;
  const iops = request.Iops ?? sameType?.iops;
  const throughput = request.Throughput ?? sameType?.throughput;
  return {
    volumeType,
    ...(iops === undefined ? {} : { iops }),
    ...(throughput === undefined ? {} : { throughput }),
  };
}

function deviceOf(request: MappingRequest, base: MergedDevice | undefined): MergedDevice {
  const deviceName = request.DeviceName ?? '';
  if (request.VirtualName) {
    if (!/^ephemeral([0-9]|1[0-9]|2[0-3])$/.test(request.VirtualName)) {
      throw bad(`Invalid virtual device name ${request.VirtualName}`);
    }
    return { deviceName, virtualName: request.VirtualName };
  }
  if (!request.Ebs) throw apiError('MissingParameter', { parameter: 'ebs' });
  return { deviceName, ebs: ebsOf(deviceName, request.Ebs, base?.ebs) };
}

/** EC2 takes an initialization rate for a launch's volumes; an image's mapping cannot keep one. */
export function refuseInitializationRate(requested: readonly MappingRequest[] = []): void {
  const given = requested.find(({ Ebs: ebs }) => ebs?.VolumeInitializationRate !== undefined);
  if (!given) return;
  throw apiError('InvalidParameterCombination', {
    message: `The VolumeInitializationRate of ${given.DeviceName} cannot be kept by an image; give it at launch`,
  });
}

/** The device without the IOPS that are shown of a gp2 volume, and that nothing may ask for. */
export function withoutShownIops(device: BlockDeviceMapping): BlockDeviceMapping {
  if (!device.ebs) return device;
  const ebs = withoutDerivedIops(device.ebs);
  return ebs === device.ebs ? device : { ...device, ebs };
}

/** The image's mapping with the request's laid over it: changed, added, or suppressed by NoDevice. */
export function mergeMappings(
  image: Pick<Image, 'blockDevices'> & { readonly root: Pick<Root, 'deviceName'> },
  requested: readonly MappingRequest[],
): readonly MergedDevice[] {
  checkDeviceNames(requested);
  // Seeded images, and those of earlier versions, may have the figure of gp2, which is no request.
  const own = image.blockDevices.map(withoutShownIops);
  const merged = new Map<string, MergedDevice>(own.map((device) => [device.deviceName, device]));
  for (const request of requested) {
    const name = request.DeviceName ?? '';
    if (request.NoDevice === undefined) merged.set(name, deviceOf(request, merged.get(name)));
    else if (name === image.root.deviceName) {
      throw bad(`The root device ${name} cannot be left out`);
    } else merged.delete(name);
  }
  const rootEbs = merged.get(image.root.deviceName)?.ebs;
  if (rootEbs) checkBootType(`the root device ${image.root.deviceName}`, rootEbs.volumeType);
  const imageRoot = image.blockDevices.find((each) => each.deviceName === image.root.deviceName);
  if (imageRoot?.ebs && rootEbs?.snapshotId !== imageRoot.ebs.snapshotId) {
    throw bad(`snapshotId cannot be modified on root device`);
  }
  const devices = [...merged.values()];
  checkAttachmentPoints(devices);
  return devices;
}

/** Finds each device's snapshot, which the caller must be able to use, and the size, which must hold it. */
export async function resolveDevices(
  reader: MetadataReader,
  { accountId, image, region }: { accountId: string; image?: Image; region: string },
  devices: readonly MergedDevice[],
): Promise<readonly LaunchDevice[]> {
  const resolved: LaunchDevice[] = [];
  for (const device of devices) {
    const { ebs } = device;
    if (!ebs?.snapshotId) {
      invariant(isSized(device), `${device.deviceName} has a size or a snapshot`);
      if (device.ebs) checkVolumeShape(device.ebs);
      resolved.push({ device });
      continue;
    }
    const isOfImage = image?.blockDevices.some((d) => d.ebs?.snapshotId === ebs.snapshotId);
    const through = isOfImage ? image : undefined;
    const snapshot = await usableSnapshot(reader, { accountId, region }, ebs.snapshotId, through);
    const sizeGiB = ebs.sizeGiB ?? snapshot.sizeGiB;
    refuseSmallerThan(snapshot, sizeGiB, 'InvalidBlockDeviceMapping');
    checkVolumeShape({ ...ebs, sizeGiB });
    resolved.push({ device: { ...device, ebs: { ...ebs, sizeGiB } }, snapshot });
  }
  return resolved;
}

/**
 * A completed snapshot that the caller may use: by its own permissions or by those of an image. An image gives
 * access to its owner's snapshots only, so that nobody can share another account's.
 */
export async function usableSnapshot(
  reader: MetadataReader,
  scope: { accountId: string; region: string },
  snapshotId: SnapshotId,
  image?: Pick<Image, 'ownerId'>,
): Promise<Snapshot> {
  const snapshot = await reader.get('snapshot', snapshotId);
  const throughImage = snapshot !== undefined && snapshot.ownerId === image?.ownerId;
  const visible = snapshot && (throughImage || isSharedWith(snapshot, scope.accountId));
  if (!snapshot || !isInRegion(snapshot, scope.region) || !visible) {
    throw apiError('InvalidSnapshot.NotFound', { id: snapshotId });
  }
  checkState('snapshot', snapshot, 'CreateVolume');
  return snapshot;
}
