import { invariant } from '@bakehouse/base';
import { defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { inputFields, inputReader } from './input.ts';
import { changeVolume, endAttachment, volumePlace } from './volume-record.ts';

const { instanceId, volumeId } = inputFields;

const readInput = inputReader({ volumeId, instanceId });
export type AttachVolumeInput = ReturnType<typeof readInput>;

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

/** From `attaching` to `attached`. When the machine does not take the disk, the volume is free again. */
export const attachVolumeWorkflow = defineWorkflow<WorkflowContext, AttachVolumeInput>({
  kind: 'attach-volume',
  version: 1,
  readInput,
  place: (reader, { volumeId, instanceId }) => volumePlace(reader, volumeId, [instanceId]),
  onFailure: 'unwind',
  steps: [
    { name: 'intent', undo: async (_, input) => (tx) => endAttachment(tx, input) },
    {
      name: 'machine',
      run: offerDisk,
      undo: (context, { instanceId, volumeId }) =>
        context.compute.detachDisk(instanceId, volumeId, true),
    },
    {
      name: 'attached',
      run:
        async (_, { volumeId, instanceId }) =>
        (tx) =>
          changeVolume(tx, volumeId, (volume) => {
            const { attachment } = volume;
            if (attachment?.instanceId !== instanceId) return volume;
            return { ...volume, attachment: { ...attachment, state: 'attached' } };
          }),
    },
  ],
});
