import { secondMs } from '@bakehouse/base';
import {
  type Commit,
  defineWorkflow,
  StepFailure,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';
import * as v from 'valibot';
import type { WorkflowContext } from '../context.ts';
import { failureCodes } from './failures.ts';
import { inputFields, inputReader } from './input.ts';
import { changeVolume, endAttachment, volumePlace } from './volume-record.ts';

const { instanceId, volumeId } = inputFields;

const readInput = inputReader({ volumeId, instanceId, force: v.boolean() });
type DetachVolumeInput = ReturnType<typeof readInput>;

/** True while the attachment that the work is about exists: other work may have ended it. */
async function isAttached(context: WorkflowContext, input: DetachVolumeInput): Promise<boolean> {
  const volume = await context.metadata.read((tx) => tx.get('volume', input.volumeId));
  const { instanceId, state } = volume?.attachment ?? {};
  return instanceId === input.instanceId && (state === 'detaching' || state === 'busy');
}

/** EC2 shows the attachment as `busy` while the guest holds on to the disk. */
async function markBusy(
  { volumeId, instanceId }: DetachVolumeInput,
  work: WorkInProgress,
): Promise<void> {
  await work.write((tx) =>
    changeVolume(tx, volumeId, (volume) => {
      const { attachment } = volume;
      if (attachment?.instanceId !== instanceId || attachment.state === 'busy') return volume;
      return { ...volume, attachment: { ...attachment, state: 'busy' } };
    }),
  );
}

async function detach(
  context: WorkflowContext,
  input: DetachVolumeInput,
  work: WorkInProgress,
): Promise<Commit | undefined> {
  if (!(await isAttached(context, input))) return undefined;
  const { instanceId, volumeId, force } = input;
  try {
    await context.compute.detachDisk(instanceId, volumeId, force);
  } catch (cause) {
    if (work.signal.aborted) throw cause;
    await markBusy(input, work);
    const message = `the guest of ${instanceId} does not let go of ${volumeId}`;
    throw new StepFailure(failureCodes.diskHeld, message, { cause });
  }
  return (tx) => endAttachment(tx, input);
}

/**
 * From `detaching` to a volume that is `available`. Never given up, as the caller was promised it; but while the guest
 * holds on to the disk, what waits for the instance comes first: a stop, or a detach that is forced.
 */
export const detachVolumeWorkflow = defineWorkflow<WorkflowContext, DetachVolumeInput>({
  kind: 'detach-volume',
  version: 1,
  readInput,
  place: (reader, { volumeId, instanceId }) => volumePlace(reader, volumeId, [instanceId]),
  onFailure: 'retry',
  steps: [
    {
      name: 'detach',
      run: {
        perform: detach,
        retry: [{ on: [failureCodes.diskHeld], pauseMs: 2 * secondMs, yields: true }],
      },
    },
  ],
});
