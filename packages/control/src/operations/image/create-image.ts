import {
  apiError,
  type BlockDevice,
  type Image,
  type Instance,
  type InstanceVolume,
  type MetadataReader,
  type Snapshot,
} from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { checkDescription } from '../../description.ts';
import { checkAttachments, mappedAttachments } from '../../launch/attachments.ts';
import {
  mergeMappings,
  refuseInitializationRate,
  resolveDevices,
} from '../../launch/block-devices.ts';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import { storageRefusal } from '../../storage-room.ts';
import { tagsFor } from '../../tag-specification.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { createImageKind } from '../../workflows/create-image.ts';
import { instanceLanes, volumeLanes } from '../../workflows/instance-lanes.ts';
import { checkState } from '../instance/instance-state-change.ts';
import { checkPendingSnapshots } from '../snapshot/pending-limit.ts';
import { planSnapshot } from '../snapshot/plan-snapshot.ts';
import { checkSnapshotPlace, instantFixed } from '../snapshot/snapshot-request.ts';
import { checkImageName } from './image-name.ts';

type Request = Parameters<Operation<'CreateImage'>>[1];

const taggable = ['image', 'snapshot'] as const;
function checkMappings(instance: Instance, request: Request): void {
  for (const { DeviceName: name, Ebs: ebs } of request.BlockDeviceMappings ?? []) {
    const known = instance.volumes.some((volume) => volume.deviceName === name);
    if (!known || !ebs) continue;
    const { DeleteOnTermination: _, ...fixed } = ebs;
    const [changed] = Object.entries(fixed).filter(([, value]) => value !== undefined);
    if (!changed) continue;
    throw apiError('InvalidBlockDeviceMapping', {
      message: `The ${changed[0]} of ${name}, an existing volume of ${instance.id}, cannot be changed; only DeleteOnTermination and NoDevice can be given`,
    });
  }
}

/**
 * The instance's own devices stand, whose snapshots are only planned; whatever else the request says, also of
 * a device with the name of an own one, the caller must be allowed by itself.
 */
async function resolveAdded(
  tx: ControlTransaction,
  { accountId, region }: OperationContext,
  { merged, own }: { merged: readonly BlockDevice[]; own: readonly BlockDevice[] },
): Promise<readonly BlockDevice[]> {
  const planned = new Set(own.flatMap(({ ebs }) => ebs?.snapshotId ?? []));
  const isOwn = (device: BlockDevice) =>
    own.includes(device) || (device.ebs?.snapshotId && planned.has(device.ebs.snapshotId));
  const added = merged.filter((device) => !isOwn(device));
  const resolved = await resolveDevices(tx, { accountId, region }, added);
  return [...merged.filter(isOwn), ...resolved.map((item) => item.device)];
}

/** The instance's own devices as a mapping, one snapshot for each volume that is not left out. */
async function planDevices(
  tx: ControlTransaction,
  context: OperationContext,
  { instance, request, image }: { instance: Instance; request: Request; image: Pick<Image, 'id'> },
): Promise<{ devices: readonly BlockDevice[]; snapshots: readonly Snapshot[] }> {
  const leftOut = new Set(
    (request.BlockDeviceMappings ?? [])
      .filter((m) => m.NoDevice !== undefined)
      .map((m) => m.DeviceName),
  );
  const tags = tagsFor('snapshot', request.TagSpecifications, taggable);
  const snapshots: Snapshot[] = [];
  const own: BlockDevice[] = [...instance.ephemeralDisks];
  const take = async (use: InstanceVolume) => {
    const volume = await ownedById(tx, context, 'volume', use.volumeId);
    await checkPendingSnapshots(tx, volume);
    const description = `Created by CreateImage(${instance.id}) for ${image.id}`;
    const snapshot = planSnapshot(context, { volume, description, tags });
    snapshots.push(snapshot);
    const { sizeGiB, volumeType, iops, throughput } = volume;
    const ebs = {
      snapshotId: snapshot.id,
      sizeGiB,
      volumeType,
      ...(iops === undefined || volumeType === 'gp2' ? {} : { iops }),
      ...(throughput === undefined ? {} : { throughput }),
      deleteOnTermination: use.deleteOnTermination,
      encrypted: false,
    };
    own.push({ deviceName: use.deviceName, ebs });
  };
  for (const use of instance.volumes) if (!leftOut.has(use.deviceName)) await take(use);
  const base = { blockDevices: own, rootDeviceName: instance.rootDeviceName };
  const merged = mergeMappings(base, request.BlockDeviceMappings ?? []);
  checkAttachments('An instance of this image', mappedAttachments(merged));
  return { devices: await resolveAdded(tx, context, { merged, own }), snapshots };
}

async function planImage(
  tx: ControlTransaction,
  context: OperationContext,
  { instance, request, name }: { instance: Instance; request: Request; name: string },
): Promise<{ image: Image; snapshots: readonly Snapshot[] }> {
  checkDescription(request.Description);
  const id = context.ids.resource('ami');
  const { devices, snapshots } = await planDevices(tx, context, {
    instance,
    request,
    image: { id },
  });
  const source = await tx.get('image', instance.imageId);
  const image: Image = {
    id,
    ownerId: context.accountId,
    region: context.region,
    tags: tagsFor('image', request.TagSpecifications, taggable),
    createdAt: context.now,
    name,
    ...(request.Description === undefined ? {} : { description: request.Description }),
    state: 'pending',
    architecture: instance.architecture,
    ...(source?.platform ? { platform: source.platform } : {}),
    platformDetails: instance.platformDetails,
    rootDeviceType: 'ebs',
    rootDeviceName: instance.rootDeviceName,
    virtualizationType: instance.virtualizationType,
    enaSupport: instance.enaSupport,
    ...(instance.sriovNetSupport ? { sriovNetSupport: instance.sriovNetSupport } : {}),
    ...(source?.bootMode ? { bootMode: source.bootMode } : {}),
    ...(source?.imdsSupport ? { imdsSupport: source.imdsSupport } : {}),
    ...(source?.tpmSupport ? { tpmSupport: source.tpmSupport } : {}),
    ...(instance.kernelId ? { kernelId: instance.kernelId } : {}),
    ...(instance.ramdiskId ? { ramdiskId: instance.ramdiskId } : {}),
    blockDevices: devices,
    launchPermissions: { everyone: false, accountIds: [] },
    sourceInstanceId: instance.id,
    sourceImageId: instance.imageId,
    sourceImageRegion: instance.region,
  };
  return { image, snapshots };
}

async function checkInstance(reader: MetadataReader, instance: Instance): Promise<void> {
  checkState(instance, ['running', 'stopped', 'stopping', 'pending'], 'made an image of');
  if (instance.rootDeviceType !== 'ebs') {
    throw apiError('InvalidParameterValue', {
      message: `The instance '${instance.id}' has no EBS root volume; bundle it and register the bundle instead`,
    });
  }
  const root = instance.volumes.find((use) => use.deviceName === instance.rootDeviceName);
  if (!root) {
    throw apiError('IncorrectInstanceState', {
      message: `The instance '${instance.id}' has no volume attached at its root device ${instance.rootDeviceName}`,
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
  const refusal = await storageRefusal(context);
  const begun = await context.write(async (tx) => {
    const instance = await ownedById(tx, context, 'instance', request.InstanceId);
    await checkInstance(tx, instance);
    const name = await checkImageName(tx, context, request.Name);
    checkMappings(instance, request);
    const { image, snapshots } = await planImage(tx, context, { instance, request, name });
    if (refusal) throw refusal;
    await tx.put('image', image);
    for (const snapshot of snapshots) await tx.put('snapshot', snapshot);
    const reboot = instance.state === 'running' && request.NoReboot !== true;
    const workflowId = await tx.enqueue({
      kind: createImageKind,
      region: context.region,
      lanes: reboot ? instanceLanes(instance) : volumeLanes(instance),
      input: {
        imageId: image.id,
        instanceId: instance.id,
        snapshotIds: snapshots.map((snapshot) => snapshot.id),
        reboot,
      },
    });
    return { imageId: image.id, snapshots, workflowId, reboot };
  });
  if (!begun.reboot) await instantFixed(context, begun);
  return { ImageId: begun.imageId };
};
