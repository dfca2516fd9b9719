import { minuteMs } from '@bakehouse/base';
import {
  findInstanceType,
  type ImageId,
  type InstanceId,
  type SnapshotId,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow, type WorkInProgress } from '../workflow/definition.ts';
import {
  abandonSnapshots,
  captureVolumes,
  completeSnapshots,
  freezeVolumes,
  thawCaptured,
} from './captures.ts';
import { shutDown } from './machine-exit.ts';
import { startMachine } from './start-instance.ts';

export interface CreateImageInput {
  readonly imageId: ImageId;
  readonly instanceId: InstanceId;
  readonly snapshotIds: readonly SnapshotId[];
  /** True when the instance was running and the caller did not say NoReboot. */
  readonly reboot: boolean;
}

export const createImageKind = 'create-image';

const shutdownLimitMs = 2 * minuteMs;

/** The guest shuts down cleanly; the record stays `running`, as EC2 shows it. */
async function shutDownGuest(
  context: WorkflowContext,
  input: CreateImageInput,
  { signal }: WorkInProgress,
): Promise<void> {
  if (!input.reboot) return;
  await shutDown(context, input.instanceId, { limitMs: shutdownLimitMs, signal });
}

/** Starts the guest again after its disks were captured; an instance that was ended meanwhile stays so. */
async function startGuest(context: WorkflowContext, input: CreateImageInput): Promise<void> {
  if (!input.reboot) return;
  const instance = await context.metadata.read((tx) => tx.get('instance', input.instanceId));
  if (instance?.state !== 'running' || !findInstanceType(instance.instanceType)) return;
  await startMachine(context, { instanceId: instance.id, generation: instance.generation });
}

async function markAvailable(context: WorkflowContext, input: CreateImageInput): Promise<void> {
  await context.metadata.write(async (tx) => {
    const image = await tx.get('image', input.imageId);
    if (image?.state === 'pending') await tx.put('image', { ...image, state: 'available' });
  });
}

async function markFailed(
  context: WorkflowContext,
  input: CreateImageInput,
  work: WorkInProgress,
): Promise<void> {
  const stateReason = { code: 'Server.InternalError', message: work.failure ?? 'unknown' };
  await context.metadata.write(async (tx) => {
    const image = await tx.get('image', input.imageId);
    if (image?.state !== 'pending') return;
    await tx.put('image', { ...image, state: 'failed', stateReason });
  });
}

/** CreateImage: shut down (unless NoReboot), capture every volume, start again, publish the record. */
export const createImage = defineWorkflow<WorkflowContext, CreateImageInput>({
  kind: createImageKind,
  onFailure: 'unwind',
  steps: [
    { name: 'intent', run: async () => {}, undo: markFailed },
    { name: 'shutdown', run: shutDownGuest, undo: startGuest },
    { name: 'freeze', run: freezeVolumes, undo: abandonSnapshots },
    { name: 'capture', run: captureVolumes },
    { name: 'thaw', run: thawCaptured },
    { name: 'complete', run: completeSnapshots },
    { name: 'start', run: startGuest },
    { name: 'available', run: markAvailable },
  ],
});
