import {
  apiError,
  type BlockDeviceMapping,
  bootMode,
  checkAttachments,
  checkState,
  checkVolumeShape,
  derivesIops,
  type Image,
  type ImageId,
  type Instance,
  type InstanceVolume,
  type MetadataReader,
  mappedAttachments,
  planImage,
  type Snapshot,
  virtualizationType,
  type WorkflowId,
} from '@bakehouse/domain';
import {
  createImageWorkflow,
  enqueueFreeze,
  type OperationContext,
} from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { writeWithRoom } from '../../capacity/disk-room.ts';
import {
  isSized,
  type MergedDevice,
  mergeMappings,
  refuseInitializationRate,
  resolveDevices,
  withoutShownIops,
} from '../../launch/block-devices.ts';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { tagsFor } from '../../request/tags.ts';
import { checkDescription } from '../../request/text.ts';
import { checkPendingSnapshots } from '../../snapshots/pending-limit.ts';
import { checkSnapshotPlace, instantFixed } from '../../snapshots/snapshot-request.ts';
import { snapshotToTake } from '../../snapshots/snapshot-to-take.ts';
import { checkImageName } from './image-name.ts';

type Request = Parameters<Operation<'CreateImage'>>[1];

const taggable = ['image', 'snapshot'] as const;

/** The snapshot of an existing device is made of its volume: the request cannot name another one. */
function checkMappings(instance: Instance, request: Request): void {
  for (const { DeviceName: name, Ebs: ebs } of request.BlockDeviceMappings ?? []) {
    if (!ebs?.SnapshotId || instance.volumes.every((volume) => volume.deviceName !== name))
      continue;
    throw apiError('InvalidBlockDeviceMapping', {
      message: `The SnapshotId of ${name}, an existing volume of ${instance.id}, cannot be given: the image has a new snapshot of it`,
    });
  }
}

/**
 * Clients repeat what DescribeVolumes shows of an existing device, gp2's IOPS with it. The image does not keep the
 * figure: EC2 shows none for gp2, and its launches refuse one.
 */
function withoutRepeatedIops(
  device: MergedDevice,
  own: readonly BlockDeviceMapping[],
): MergedDevice {
  const exists = own.some(({ deviceName }) => deviceName === device.deviceName);
  return exists && isSized(device) ? withoutShownIops(device) : device;
}

/** Size and type of an existing device may be changed for the image's launches, as far as its snapshot fits. */
function checkChanged(merged: readonly MergedDevice[], own: readonly BlockDeviceMapping[]) {
  for (const { deviceName, ebs } of merged.filter(isSized)) {
    const before = own.find((device) => device.deviceName === deviceName)?.ebs;
    if (!ebs || !before || ebs.snapshotId !== before.snapshotId || ebs === before) continue;
    if (ebs.sizeGiB < before.sizeGiB) {
      throw apiError('InvalidBlockDeviceMapping', {
        message: `Volume of size ${ebs.sizeGiB}GB is smaller than the existing volume of ${deviceName}, expect size >= ${before.sizeGiB}GB`,
      });
    }
    checkVolumeShape(ebs);
  }
}

/**
 * The instance's own devices stand, whose snapshots are only planned; whatever else the request says, also of
 * a device with the name of an own one, the caller must be allowed by itself.
 */
async function resolveAdded(
  tx: ControlTransaction,
  { accountId, region }: OperationContext,
  { merged, own }: { merged: readonly MergedDevice[]; own: readonly BlockDeviceMapping[] },
): Promise<readonly BlockDeviceMapping[]> {
  const planned = new Set(own.flatMap(({ ebs }) => ebs?.snapshotId ?? []));
  const isOwn = (device: MergedDevice): device is BlockDeviceMapping =>
    isSized(device) &&
    (own.includes(device) ||
      (device.ebs?.snapshotId !== undefined && planned.has(device.ebs.snapshotId)));
  const added = merged.filter((device) => !isOwn(device));
  const resolved = await resolveDevices(tx, { accountId, region }, added);
  return [...merged.filter(isOwn), ...resolved.map((item) => item.device)];
}

interface DeviceRequest {
  readonly instance: Instance;
  readonly request: Request;
  /** Of the snapshots. */
  readonly origin: { readonly workflowId: WorkflowId; readonly imageId: ImageId };
}

/** The instance's own devices as a mapping, one snapshot for each volume that is not left out. */
async function planDevices(
  tx: ControlTransaction,
  context: OperationContext,
  { instance, request, origin }: DeviceRequest,
): Promise<{ devices: readonly BlockDeviceMapping[]; snapshots: readonly Snapshot[] }> {
  const leftOut = new Set(
    (request.BlockDeviceMappings ?? [])
      .filter((m) => m.NoDevice !== undefined)
      .map((m) => m.DeviceName),
  );
  const tags = tagsFor('snapshot', request.TagSpecifications, taggable);
  const snapshots: Snapshot[] = [];
  const own: BlockDeviceMapping[] = [...instance.ephemeralDisks];
  const take = async (use: InstanceVolume) => {
    const volume = await ownedById(tx, context, 'volume', use.volumeId);
    await checkPendingSnapshots(tx, volume);
    const description = `Created by CreateImage(${instance.id}) for ${origin.imageId}`;
    const snapshot = snapshotToTake(context, { volume, description, tags, origin });
    snapshots.push(snapshot);
    const { sizeGiB, volumeType, iops, throughput } = volume;
    const ebs = {
      snapshotId: snapshot.id,
      sizeGiB,
      volumeType,
      ...(iops === undefined || derivesIops(volumeType) ? {} : { iops }),
      ...(throughput === undefined ? {} : { throughput }),
      deleteOnTermination: use.deleteOnTermination,
    };
    own.push({ deviceName: use.deviceName, ebs });
  };
  for (const use of instance.volumes) if (!leftOut.has(use.deviceName)) await take(use);
  const base = { blockDevices: own, root: instance.root };
  const merged = mergeMappings(base, request.BlockDeviceMappings ?? []).map((device) =>
    withoutRepeatedIops(device, own),
  );
  checkChanged(merged, own);
  checkAttachments('An instance of this image', mappedAttachments(merged));
  return { devices: await resolveAdded(tx, context, { merged, own }), snapshots };
}

interface ImageRequest {
  readonly instance: Instance;
  readonly request: Request;
  readonly name: string;
  readonly workflowId: WorkflowId;
}

async function planCreated(
  tx: ControlTransaction,
  context: OperationContext,
  { instance, request, name, workflowId }: ImageRequest,
): Promise<{ image: Image; snapshots: readonly Snapshot[] }> {
  checkDescription(request.Description);
  const imageId = context.ids.resource('ami');
  const { devices, snapshots } = await planDevices(tx, context, {
    instance,
    request,
    origin: { workflowId, imageId },
  });
  const source = await tx.get('image', instance.imageId);
  const image = planImage({
    id: imageId,
    ownerId: context.accountId,
    region: context.region,
    tags: tagsFor('image', request.TagSpecifications, taggable),
    createdAt: context.now,
    name,
    description: request.Description,
    state: 'pending',
    architecture: instance.architecture,
    platform: source?.platform,
    platformDetails: instance.platformDetails,
    rootDeviceType: 'ebs',
    rootDeviceName: instance.root.deviceName,
    virtualizationType: virtualizationType(instance),
    enaSupport: instance.enaSupport,
    sriovNetSupport: instance.sriovNetSupport,
    bootMode: bootMode(instance),
    imdsSupport: source?.imdsSupport,
    tpmSupport: source?.tpmSupport,
    kernelId: instance.boot.kernelId,
    ramdiskId: instance.boot.ramdiskId,
    blockDevices: devices,
    sourceInstanceId: instance.id,
    sourceImageId: instance.imageId,
    sourceImageRegion: instance.region,
  });
  return { image, snapshots };
}

async function checkInstance(reader: MetadataReader, instance: Instance): Promise<void> {
  checkState('instance', instance, 'CreateImage');
  if (instance.root.kind !== 'ebs') {
    throw apiError('InvalidParameterValue', {
      message: `The instance '${instance.id}' has no EBS root volume; bundle it and register the bundle instead`,
    });
  }
  const root = instance.volumes.find((use) => use.deviceName === instance.root.deviceName);
  if (!root) {
    throw apiError('IncorrectInstanceState', {
      message: `The instance '${instance.id}' has no volume attached at its root device ${instance.root.deviceName}`,
    });
  }
  const { attachment } = (await reader.get('volume', root.volumeId)) ?? {};
  const state = attachment?.instanceId === instance.id ? attachment.state : 'detached';
  // A launch that is under way ends before the image is made.
  if (state === 'attached' || (state === 'attaching' && instance.state === 'pending')) return;
  throw apiError('IncorrectState', {
    message: `The root volume '${root.volumeId}' of '${instance.id}' is '${state}', not 'attached'`,
  });
}

/** Snapshots every volume of the instance and registers an image of them; both are pending at first. */
export const createImage: Operation<'CreateImage'> = async (context, request) => {
  refuseUnserved(request, ['BootModeOverride']);
  refuseInitializationRate(request.BlockDeviceMappings);
  checkSnapshotPlace({ Location: request.SnapshotLocation });
  await context.untilWorking();
  const begun = await writeWithRoom(context, async (tx, claimRoom) => {
    const instance = await ownedById(tx, context, 'instance', request.InstanceId);
    await checkInstance(tx, instance);
    const name = await checkImageName(tx, context, request.Name);
    checkMappings(instance, request);
    const workflowId = context.ids.resource('wf');
    const what = { instance, request, name, workflowId };
    const { image, snapshots } = await planCreated(tx, context, what);
    claimRoom();
    await tx.put('image', image);
    for (const snapshot of snapshots) await tx.put('snapshot', snapshot);
    const reboot = instance.state === 'running' && request.NoReboot !== true;
    const imageId = image.id;
    const snapshotIds = snapshots.map((snapshot) => snapshot.id);
    const input = { imageId, instanceId: instance.id, snapshotIds, reboot };
    const freezeId = reboot ? undefined : await enqueueFreeze(tx, snapshots);
    await createImageWorkflow.enqueue(tx, input, workflowId);
    return { imageId, snapshots, workflowId, freezeId, reboot };
  });
  if (!begun.reboot) await instantFixed(context, begun);
  return { ImageId: begun.imageId };
};
