import { invariant } from '@bakehouse/base';
import type { InstanceId, VolumeId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow } from '../workflow/definition.ts';
import { changeVolume, endAttachment } from './volume-record.ts';

export interface AttachVolumeInput {
  readonly volumeId: VolumeId;
  readonly instanceId: InstanceId;
}

export const attachVolumeKind = 'attach-volume';

/** A stopped instance gets the disk when it starts. */
async function offerDisk(
  context: WorkflowContext,
  { volumeId, instanceId }: AttachVolumeInput,
): Promise<void> {
  const instance = await context.metadata.read((tx) => tx.get('instance', instanceId));
  invariant(instance, `instance ${instanceId} has a record while a volume is attached to it`);
  if (instance.state === 'stopped') return;
  const use = instance.volumes.find((each) => each.volumeId === volumeId);
  invariant(use, `${instanceId} lists ${volumeId}, which is attached to it`);
  await context.compute.attachDisk(instanceId, { volumeId, deviceName: use.deviceName });
}

/** From `attaching` to `attached`; when the machine does not take the disk, the volume is free again. */
export const attachVolume = defineWorkflow<WorkflowContext, AttachVolumeInput>({
  kind: attachVolumeKind,
  onFailure: 'unwind',
  steps: [
    {
      name: 'intent',
      undo: (context, input) => context.metadata.write((tx) => endAttachment(tx, input)),
    },
    {
      name: 'machine',
      run: offerDisk,
      undo: (context, { instanceId, volumeId }) =>
        context.compute.detachDisk(instanceId, volumeId, true),
    },
    {
      name: 'attached',
      run: (context, { volumeId, instanceId }) =>
        changeVolume(context, volumeId, (volume) => {
          const { attachment } = volume;
          if (attachment?.instanceId !== instanceId) return volume;
          return { ...volume, attachment: { ...attachment, state: 'attached' } };
        }),
    },
  ],
});
