import { secondMs } from '@bakehouse/base';
import type { InstanceId, VolumeId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow, type WorkInProgress } from '../workflow/definition.ts';
import { endAttachment } from './volume-record.ts';

export interface DetachVolumeInput {
  readonly volumeId: VolumeId;
  readonly instanceId: InstanceId;
  readonly force: boolean;
}

export const detachVolumeKind = 'detach-volume';

/** The pause before a guest that has not let go is asked again. */
const askAgainMs = 2 * secondMs;

/**
 * The guest holds on to the disk: the attachment is `busy`, and it is asked again by new work, which stands
 * behind everything that waits for the instance by now: a stop, or a detach that is forced.
 */
async function askAgain(context: WorkflowContext, input: DetachVolumeInput): Promise<void> {
  await context.engine.write(async (tx) => {
    const volume = await tx.get('volume', input.volumeId);
    const { attachment } = volume ?? {};
    if (!volume || attachment?.instanceId !== input.instanceId) return;
    await tx.put('volume', { ...volume, attachment: { ...attachment, state: 'busy' } });
    await tx.enqueue({
      kind: detachVolumeKind,
      region: volume.region,
      lanes: [input.instanceId, input.volumeId],
      input: { ...input },
    });
  });
}

/** True when the attachment that the work is about is there still: another may have ended it. */
async function isAttached(context: WorkflowContext, input: DetachVolumeInput): Promise<boolean> {
  const volume = await context.metadata.read((tx) => tx.get('volume', input.volumeId));
  const { instanceId, state } = volume?.attachment ?? {};
  return instanceId === input.instanceId && (state === 'detaching' || state === 'busy');
}

async function detach(
  context: WorkflowContext,
  input: DetachVolumeInput,
  { signal }: WorkInProgress,
): Promise<void> {
  if (!(await isAttached(context, input))) return;
  const { instanceId, volumeId, force } = input;
  try {
    await context.compute.detachDisk(instanceId, volumeId, force);
  } catch (error) {
    if (signal.aborted) throw error;
    context.logger.log('warn', 'a guest does not let go of a volume', { ...input, error });
    await context.clock.sleep(askAgainMs, signal);
    return await askAgain(context, input);
  }
  await context.metadata.write((tx) => endAttachment(tx, input));
}

/** From `detaching` to a volume that is `available`. Never given up, as the caller was promised it. */
export const detachVolume = defineWorkflow<WorkflowContext, DetachVolumeInput>({
  kind: detachVolumeKind,
  onFailure: 'retry',
  steps: [{ name: 'detach', run: detach }],
});
