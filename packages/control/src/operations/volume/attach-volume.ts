import { apiError, type Instance, type Volume, type VolumeAttachment } from '@bakehouse/domain';
import { checkAttachments } from '../../launch/attachments.ts';
import { attachmentPoint, isDeviceName } from '../../launch/device-name.ts';
import { checkBootType } from '../../launch/volume-shape.ts';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import { attachmentView } from '../../views/volume.ts';
import { attachVolumeKind } from '../../workflows/attach-volume.ts';

function checkVolume({ id, state, attachment, zone }: Volume, instance: Instance): void {
  if (attachment) {
    throw apiError('VolumeInUse', { message: `${id} is already attached to an instance` });
  }
  if (state !== 'available') {
    throw apiError('IncorrectState', { message: `The volume '${id}' is not 'available'.` });
  }
  if (zone === instance.zone) return;
  throw apiError('InvalidVolume.ZoneMismatch', {
    message: `The volume '${id}' is not in the same availability zone as instance '${instance.id}'`,
  });
}

function checkInstance({ id, state, volumes, ephemeralDisks }: Instance): void {
  if (state !== 'running' && state !== 'stopped') {
    throw apiError('IncorrectState', { message: `Instance '${id}' is not 'running'.` });
  }
  checkAttachments(`The instance '${id}'`, {
    volumes: volumes.length + 1,
    ephemeralDisks: ephemeralDisks.length,
  });
}

function checkDevice(deviceName: string, instance: Instance): void {
  if (!isDeviceName(deviceName)) {
    throw apiError('InvalidParameterValue', {
      message: `Value (${deviceName}) for parameter device is invalid. ${deviceName} is not a valid EBS device name.`,
    });
  }
  const taken = [...instance.volumes, ...instance.ephemeralDisks].map((each) => each.deviceName);
  if (!taken.map(attachmentPoint).includes(attachmentPoint(deviceName))) return;
  throw apiError('InvalidDevice.InUse', {
    message: `Invalid value '${deviceName}' for unixDevice. Attachment point ${deviceName} is already in use`,
  });
}

/** Both records say so at once; the workflow gives the disk to a machine that runs. */
export const attachVolume: Operation<'AttachVolume'> = async (context, request) => {
  refuseUnserved(request, ['EbsCardIndex']);
  return await context.write(async (tx) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    const instance = await ownedById(tx, context, 'instance', request.InstanceId);
    checkVolume(volume, instance);
    checkInstance(instance);
    checkDevice(request.Device, instance);
    const isRoot = request.Device === instance.rootDeviceName;
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
    await tx.enqueue({
      kind: attachVolumeKind,
      region: context.region,
      lanes: [instance.id, volume.id],
      input: { volumeId: volume.id, instanceId: instance.id },
    });
    return attachmentView(volume.id, attachment);
  });
};
