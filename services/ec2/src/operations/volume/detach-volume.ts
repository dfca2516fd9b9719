import {
  apiError,
  checkState,
  type Instance,
  type MetadataReader,
  type Volume,
  type VolumeAttachment,
} from '@bakehouse/domain';
import { detachVolumeWorkflow } from '@bakehouse/orchestration';
import { checkId, ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { attachmentView } from '../../views/volume.ts';

type Request = Parameters<Operation<'DetachVolume'>>[1];

/** The attachment that the request means; it may name the instance and the device, which must be right. */
function attachmentOf(volume: Volume, request: Request): VolumeAttachment {
  const { attachment } = volume;
  if (!attachment) {
    throw apiError('IncorrectState', {
      message: `Volume '${volume.id}' is in the '${volume.state}' state.`,
    });
  }
  const { InstanceId: instanceId, Device: device } = request;
  if (instanceId) checkId('instance', instanceId);
  const otherInstance = instanceId && instanceId !== attachment.instanceId;
  if (otherInstance || (device && device !== attachment.deviceName)) {
    const where = instanceId ?? attachment.instanceId;
    throw apiError('InvalidAttachment.NotFound', {
      message: `The volume '${volume.id}' is not attached to instance '${where}'${device ? ` as device ${device}` : ''}`,
    });
  }
  return attachment;
}

function checkDetachable(
  attachment: VolumeAttachment,
  { volume, instance, force }: { volume: Volume; instance: Instance | undefined; force: boolean },
): void {
  const isRoot = instance?.root.deviceName === attachment.deviceName;
  if (isRoot && instance?.state !== 'stopped') {
    throw apiError('OperationNotPermitted', {
      message: `Unable to detach root volume '${volume.id}' from instance '${attachment.instanceId}': stop the instance first`,
    });
  }
  const subject = { id: volume.id, state: attachment.state };
  checkState('attachment', subject, force ? 'DetachVolume by force' : 'DetachVolume');
}

async function readAttached(
  reader: MetadataReader,
  volume: Volume,
  request: Request,
): Promise<VolumeAttachment> {
  const attachment = attachmentOf(volume, request);
  const instance = await reader.get('instance', attachment.instanceId);
  checkDetachable(attachment, { volume, instance, force: request.Force ?? false });
  return attachment;
}

/** Records `detaching`; the volume becomes `available` when the guest has released it. */
export const detachVolume: Operation<'DetachVolume'> = async (context, request) =>
  await context.write(async (tx) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    const attached = await readAttached(tx, volume, request);
    const attachment: VolumeAttachment = { ...attached, state: 'detaching' };
    await tx.put('volume', { ...volume, attachment });
    const { instanceId } = attachment;
    const input = { volumeId: volume.id, instanceId, force: request.Force ?? false };
    await detachVolumeWorkflow.enqueue(tx, input);
    return attachmentView(volume.id, attachment);
  });
