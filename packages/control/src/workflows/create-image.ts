import { minuteMs, secondMs } from '@bakehouse/base';
import type {
  BlockDevice,
  ImageId,
  InstanceId,
  MetadataReader,
  SnapshotId,
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
import { type EndInstanceInput, endInstanceKind } from './end-instance.ts';
import { instanceLanes } from './instance-lanes.ts';
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

/** How often a guest that does not start again is tried, and the pause between. */
const startTriesMax = 3;
const startPauseMs = 2 * secondMs;

/** The guest stays down: its record says so and why, whatever its shutdown behavior is. */
async function leaveStopped(
  context: WorkflowContext,
  { instanceId, imageId }: CreateImageInput,
  error: unknown,
): Promise<void> {
  const detail = error instanceof Error ? error.message : String(error);
  const code = 'Server.InternalError';
  const message = `${code}: the instance could not be started again after CreateImage(${imageId}): ${detail}`;
  await context.engine.write(async (tx) => {
    const instance = await tx.get('instance', instanceId);
    if (instance?.state !== 'running') return;
    const stateReason = { code, message };
    await tx.put('instance', { ...instance, state: 'stopping', stateReason });
    const end = { state: 'stopped', stateReason, stateTransitionReason: code } as const;
    const input: EndInstanceInput = { instanceId, force: true, end };
    const lanes = instanceLanes(instance);
    await tx.enqueue({
      kind: endInstanceKind,
      region: instance.region,
      lanes,
      input: { ...input },
    });
  });
}

/**
 * Starts the guest again after its disks were captured; an instance that was ended meanwhile stays so. The
 * image does not depend on it: a guest that cannot be started is left stopped.
 */
async function startGuest(
  context: WorkflowContext,
  input: CreateImageInput,
  { signal }: WorkInProgress,
): Promise<void> {
  if (!input.reboot) return;
  for (let attempt = 1; ; attempt += 1) {
    const instance = await context.metadata.read((tx) => tx.get('instance', input.instanceId));
    if (instance?.state !== 'running') return;
    try {
      const { id: instanceId, generation } = instance;
      return await startMachine(context, { instanceId, generation });
    } catch (error) {
      if (signal.aborted) throw error;
      context.logger.log('warn', 'guest not started after its image', { ...input, attempt, error });
      if (attempt >= startTriesMax) return await leaveStopped(context, input, error);
      await context.clock.sleep(startPauseMs, signal);
    }
  }
}

/** A device holds its snapshot, which is larger than planned when the volume grew before the freeze. */
async function holding(tx: MetadataReader, device: BlockDevice): Promise<BlockDevice> {
  const { ebs } = device;
  const snapshot = ebs?.snapshotId && (await tx.get('snapshot', ebs.snapshotId));
  if (!ebs || !snapshot || snapshot.sizeGiB <= ebs.sizeGiB) return device;
  return { ...device, ebs: { ...ebs, sizeGiB: snapshot.sizeGiB } };
}

async function markAvailable(context: WorkflowContext, input: CreateImageInput): Promise<void> {
  await context.metadata.write(async (tx) => {
    const image = await tx.get('image', input.imageId);
    if (image?.state !== 'pending') return;
    const blockDevices: BlockDevice[] = [];
    for (const device of image.blockDevices) blockDevices.push(await holding(tx, device));
    await tx.put('image', { ...image, blockDevices, state: 'available' });
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
    { name: 'intent', undo: markFailed },
    { name: 'shutdown', run: shutDownGuest, undo: startGuest },
    { name: 'freeze', run: freezeVolumes, undo: abandonSnapshots },
    { name: 'capture', run: captureVolumes },
    { name: 'thaw', run: thawCaptured },
    { name: 'complete', run: completeSnapshots },
    { name: 'start', run: startGuest },
    { name: 'available', run: markAvailable },
  ],
});
