import { minuteMs, secondMs } from '@bakehouse/base';
import type { BlockDeviceMapping, MetadataReader } from '@bakehouse/domain';
import {
  type Action,
  type Commit,
  defineWorkflow,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';
import * as v from 'valibot';
import type { WorkflowContext } from '../context.ts';
import { captureSteps } from './captures.ts';
import { endInstanceWorkflow } from './end-instance.ts';
import { inputFields, inputReader } from './input.ts';
import { wholeInstancePlace } from './instance-record.ts';
import { shutDown } from './machine-exit.ts';
import { startMachine } from './start-machine.ts';
import { stateReasonOf } from './state-reason.ts';
import type { HostResource } from './widths.ts';

const { imageId, instanceId, snapshotId } = inputFields;

const readInput = inputReader({
  imageId,
  instanceId,
  snapshotIds: v.array(snapshotId),
  /** True when the instance was running and the caller did not say NoReboot. */
  reboot: v.boolean(),
});
type CreateImageInput = ReturnType<typeof readInput>;

const shutdownLimitMs = 2 * minuteMs;

/** The guest shuts down cleanly. The record stays `running`, as in EC2. */
async function shutDownGuest(
  context: WorkflowContext,
  input: CreateImageInput,
  { signal }: WorkInProgress,
): Promise<void> {
  if (!input.reboot) return;
  await shutDown(context, input.instanceId, { limitMs: shutdownLimitMs, signal });
}

/** Starts the guest again after its disks were captured. An instance that was ended meanwhile stays so. */
async function startGuest(context: WorkflowContext, input: CreateImageInput): Promise<void> {
  if (!input.reboot) return;
  const instance = await context.metadata.read((tx) => tx.get('instance', input.instanceId));
  if (instance?.state !== 'running') return;
  await startMachine(context, { instanceId: instance.id, generation: instance.generation });
}

/** The guest stays stopped. Its record says so and why, whatever its shutdown behavior is. */
async function leaveStopped(
  _: WorkflowContext,
  { instanceId, imageId }: CreateImageInput,
  { failure }: WorkInProgress,
): Promise<Commit> {
  const what = `the instance could not be started again after CreateImage(${imageId}): `;
  const stateReason = stateReasonOf(failure, what);
  const stateTransitionReason = stateReason.code;
  return async (tx) => {
    const instance = await tx.get('instance', instanceId);
    if (instance?.state !== 'running') return;
    await tx.put('instance', { ...instance, state: 'stopping', stateReason });
    const end = { state: 'stopped', stateReason, stateTransitionReason } as const;
    await endInstanceWorkflow.enqueue(tx, { instanceId, force: true, end });
  };
}

/** The image does not depend on the guest: one that cannot be started is left stopped. */
const startOrLeaveStopped: Action<WorkflowContext, CreateImageInput> = {
  perform: startGuest,
  retry: [{ on: 'any', triesMax: 3, pauseMs: 2 * secondMs }],
  fallback: leaveStopped,
};

/** A device has room for its snapshot, which is larger than planned when the volume grew before the freeze. */
async function withRoomForSnapshot(
  tx: MetadataReader,
  device: BlockDeviceMapping,
): Promise<BlockDeviceMapping> {
  const { ebs } = device;
  const snapshot = ebs?.snapshotId && (await tx.get('snapshot', ebs.snapshotId));
  if (!ebs || !snapshot || snapshot.sizeGiB <= ebs.sizeGiB) return device;
  return { ...device, ebs: { ...ebs, sizeGiB: snapshot.sizeGiB } };
}

async function markAvailable(_: WorkflowContext, { imageId }: CreateImageInput): Promise<Commit> {
  return async (tx) => {
    const image = await tx.get('image', imageId);
    if (image?.state !== 'pending') return;
    const blockDevices: BlockDeviceMapping[] = [];
    for (const device of image.blockDevices) {
      blockDevices.push(await withRoomForSnapshot(tx, device));
    }
    await tx.put('image', { ...image, blockDevices, state: 'available' });
  };
}

async function markFailed(
  _: WorkflowContext,
  { imageId }: CreateImageInput,
  { failure }: WorkInProgress,
): Promise<Commit> {
  const stateReason = stateReasonOf(failure);
  return async (tx) => {
    const image = await tx.get('image', imageId);
    if (image?.state !== 'pending') return;
    await tx.put('image', { ...image, state: 'failed', stateReason });
  };
}

/** CreateImage: shut down (unless NoReboot), capture every volume, start again, publish the record. */
export const createImageWorkflow = defineWorkflow<WorkflowContext, CreateImageInput, HostResource>({
  kind: 'create-image',
  version: 1,
  readInput,
  /** A guest that is not rebooted only gives its volumes: what else is done with it need not wait. */
  async place(reader, { instanceId, reboot, snapshotIds }) {
    const { lanes, ...where } = await wholeInstancePlace(reader, instanceId);
    if (reboot) return { ...where, lanes };
    const volumes = lanes.filter((lane) => lane !== instanceId);
    return { ...where, lanes: [...volumes, ...snapshotIds] };
  },
  onFailure: 'unwind',
  steps: [
    { name: 'intent', undo: markFailed },
    { name: 'shutdown', run: shutDownGuest, undo: startOrLeaveStopped },
    ...captureSteps,
    { name: 'start', uses: 'boot', run: startOrLeaveStopped },
    { name: 'available', run: markAvailable },
  ],
});
