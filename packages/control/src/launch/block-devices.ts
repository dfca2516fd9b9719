import { isResourceId } from '@bakehouse/base';
import {
  apiError,
  type BlockDevice,
  type EbsMapping,
  type Image,
  isInRegion,
  type MetadataReader,
  type Snapshot,
  type SnapshotId,
  type VolumeType,
} from '@bakehouse/domain';
import { isSharedWith } from '../lookups.ts';
import { attachmentPoint, isDeviceName, isStoreName } from './device-name.ts';
import { checkInitializationRate } from './volume-initialization.ts';
import { checkBootType, checkVolumeShape, volumeTypes } from './volume-shape.ts';

/** A row of BlockDeviceMappings as requests have it. */
export interface MappingRequest {
  readonly DeviceName?: string | undefined;
  readonly VirtualName?: string | undefined;
  readonly NoDevice?: string | undefined;
  readonly Ebs?: EbsRequest | undefined;
}

export interface EbsRequest {
  readonly SnapshotId?: string | undefined;
  readonly VolumeSize?: number | undefined;
  readonly VolumeType?: string | undefined;
  readonly Iops?: number | undefined;
  readonly Throughput?: number | undefined;
  readonly VolumeInitializationRate?: number | undefined;
  readonly DeleteOnTermination?: boolean | undefined;
  readonly Encrypted?: boolean | undefined;
  readonly KmsKeyId?: string | undefined;
}

/** A device of the launch with the snapshot that it starts from. */
export interface LaunchDevice {
  readonly device: BlockDevice;
  readonly snapshot?: Snapshot;
}

const bad = (message: string) => apiError('InvalidBlockDeviceMapping', { message });

function checkDeviceNames(mappings: readonly MappingRequest[]): void {
  const seen = new Set<string>();
  for (const { DeviceName: name } of mappings) {
    if (!name) throw apiError('MissingParameter', { parameter: 'deviceName' });
    if (!isDeviceName(name) && !isStoreName(name)) throw bad(`Invalid device name ${name}`);
    if (seen.has(name))
      throw bad(`The device '${name}' is used in more than one block-device mapping`);
    seen.add(name);
  }
}

/** Two spellings of one attachment point, in the request or in request and image. */
function checkAttachmentPoints(devices: readonly BlockDevice[]): void {
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

function volumeTypeOf(text: string | undefined, fallback: VolumeType): VolumeType {
  if (text === undefined) return fallback;
  const type = volumeTypes.find((each) => each === text);
  if (!type) {
    throw apiError('InvalidParameterValue', {
      message: `Value (${text}) for parameter volumeType is invalid.`,
    });
  }
  return type;
}

/** A mapping of the request laid over the image's mapping of the same device, if there is one. */
function ebsOf(name: string, request: EbsRequest, base: EbsMapping | undefined): EbsMapping {
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
      message: 'The request must contain the parameter size or snapshotId',
    });
  }
  const rate = request.VolumeInitializationRate;
  checkInitializationRate(rate, snapshotId);
  return {
    ...(snapshotId ? { snapshotId } : {}),
    ...(rate === undefined ? {} : { initializationRateMiBps: rate }),
    sizeGiB: sizeGiB ?? 0,
    ...performanceOf(request, base),
    deleteOnTermination: request.DeleteOnTermination ?? base?.deleteOnTermination ?? true,
    encrypted: false,
  };
}

/** Type, IOPS and throughput; another type than the image's does not take over the image's figures. */
function performanceOf(request: EbsRequest, base: EbsMapping | undefined) {
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

function deviceOf(request: MappingRequest, base: BlockDevice | undefined): BlockDevice {
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

/** EC2 takes a rate for volumes, as in a launch; an image's mapping has none. */
export function refuseInitializationRate(requested: readonly MappingRequest[] = []): void {
  const given = requested.find(({ Ebs: ebs }) => ebs?.VolumeInitializationRate !== undefined);
  if (!given) return;
  throw apiError('InvalidParameterCombination', {
    message: `The VolumeInitializationRate of ${given.DeviceName} cannot be kept by an image; give it at launch`,
  });
}

/** The image's mapping with the request's laid over it: changed, added, or suppressed by NoDevice. */
export function mergeMappings(
  image: Pick<Image, 'blockDevices' | 'rootDeviceName'>,
  requested: readonly MappingRequest[],
): readonly BlockDevice[] {
  checkDeviceNames(requested);
  const merged = new Map(image.blockDevices.map((device) => [device.deviceName, device]));
  for (const request of requested) {
    const name = request.DeviceName ?? '';
    if (request.NoDevice === undefined) merged.set(name, deviceOf(request, merged.get(name)));
    else if (name === image.rootDeviceName) {
      throw bad(`The root device ${name} cannot be left out`);
    } else merged.delete(name);
  }
  const rootEbs = merged.get(image.rootDeviceName)?.ebs;
  if (rootEbs) checkBootType(`the root device ${image.rootDeviceName}`, rootEbs.volumeType);
  const imageRoot = image.blockDevices.find((each) => each.deviceName === image.rootDeviceName);
  if (imageRoot?.ebs && rootEbs?.snapshotId !== imageRoot.ebs.snapshotId) {
    throw bad(`snapshotId cannot be modified on root device`);
  }
  const devices = [...merged.values()];
  checkAttachmentPoints(devices);
  return devices;
}

/** Finds each device's snapshot, which must be usable, and settles sizes, which must hold it. */
export async function resolveDevices(
  reader: MetadataReader,
  { accountId, image, region }: { accountId: string; image?: Image; region: string },
  devices: readonly BlockDevice[],
): Promise<readonly LaunchDevice[]> {
  const resolved: LaunchDevice[] = [];
  for (const device of devices) {
    const { ebs } = device;
    if (!ebs?.snapshotId) {
      if (ebs) checkVolumeShape(ebs);
      resolved.push({ device });
      continue;
    }
    const isOfImage = image?.blockDevices.some((d) => d.ebs?.snapshotId === ebs.snapshotId);
    const through = isOfImage ? image : undefined;
    const snapshot = await usableSnapshot(reader, { accountId, region }, ebs.snapshotId, through);
    const sizeGiB = ebs.sizeGiB || snapshot.sizeGiB;
    if (sizeGiB < snapshot.sizeGiB) {
      throw bad(
        `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshot.id}', expect size >= ${snapshot.sizeGiB}GB`,
      );
    }
    checkVolumeShape({ ...ebs, sizeGiB });
    resolved.push({ device: { ...device, ebs: { ...ebs, sizeGiB } }, snapshot });
  }
  return resolved;
}

/**
 * A completed snapshot that the caller may use: through its own permissions or through those of an image. An
 * image opens only its owner's snapshots: nobody can give away by an image what is another account's.
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
  if (snapshot.state !== 'completed') {
    throw apiError('IncorrectState', {
      message: `Snapshot '${snapshotId}' is '${snapshot.state}', not 'completed'`,
    });
  }
  return snapshot;
}
