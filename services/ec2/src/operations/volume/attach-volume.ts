import {
  apiError,
  attachmentPoint,
  checkAttachments,
  checkBootType,
  checkState,
  type Instance,
  interfacesOf,
  isDeviceName,
  type Volume,
  type VolumeAttachment,
} from '@bakehouse/domain';
import { attachVolumeWorkflow } from '@bakehouse/orchestration';
import { checkAttachable } from '../../instances/check-attachable.ts';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { attachmentView } from '../../views/volume.ts';

function checkVolume(volume: Volume, instance: Instance): void {
  const { id, attachment, zone, hostId } = volume;
  if (attachment) {
    throw apiError('VolumeInUse', { message: `${id} is already attached to an instance` });
  }
  checkState('volume', volume, 'AttachVolume');
  // A disk cannot leave its host, as in EC2 it cannot leave its zone.
  if (zone === instance.zone && hostId === instance.hostId) return;
  throw apiError('InvalidVolume.ZoneMismatch', { volumeId: id, instanceId: instance.id });
}

function checkInstance(instance: Instance, interfaces: number): void {
  const { id, volumes, ephemeralDisks } = instance;
  checkAttachable(instance);
  checkAttachments(`The instance '${id}'`, {
    volumes: volumes.length + 1,
    ephemeralDisks: ephemeralDisks.length,
    interfaces,
  });
}

function checkDevice(deviceName: string, instance: Instance): void {
  if (!isDeviceName(deviceName)) {
    throw apiError('InvalidParameterValue', {
      parameter: 'device',
      value: deviceName,
      hint: `${deviceName} is not a valid EBS device name.`,
    });
  }
  const taken = [...instance.volumes, ...instance.ephemeralDisks].map((each) => each.deviceName);
  if (!taken.map(attachmentPoint).includes(attachmentPoint(deviceName))) return;
  throw apiError('InvalidParameterValue', {
    message: `Invalid value '${deviceName}' for unixDevice. Attachment point ${deviceName} is already in use`,
  });
}

/** Records the attachment at once; a workflow attaches the disk to a running machine. */
export const attachVolume: Operation<'AttachVolume'> = async (context, request) => {
  // Every instance has card 0.
  refuseUnserved(request, ['EbsCardIndex'], { EbsCardIndex: 0 });
  return await context.write(async (tx) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    const instance = await ownedById(tx, context, 'instance', request.InstanceId);
    checkVolume(volume, instance);
    checkInstance(instance, (await interfacesOf(tx, instance.id)).length);
    checkDevice(request.Device, instance);
    const isRoot = request.Device === instance.root.deviceName;
    if (isRoot) checkBootType(`the volume ${volume.id}`, volume.volumeType);
    const shared = {
      deviceName: request.Device,
      attachedAt: context.now,
      deleteOnTermination: false,
    };
    const attachment: VolumeAttachment = {
      ...shared,
      instanceId: instance.id,
      state: 'attaching',
    };
    await tx.put('volume', { ...volume, state: 'in-use', attachment });
    const volumes = [...instance.volumes, { ...shared, volumeId: volume.id }];
    await tx.put('instance', { ...instance, volumes });
    await attachVolumeWorkflow.enqueue(tx, { volumeId: volume.id, instanceId: instance.id });
    return attachmentView(volume.id, attachment);
  });
};
