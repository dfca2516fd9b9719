import { GiB } from '@bakehouse/base';
import type { Volume, VolumeId, VolumeModification } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow, type WorkInProgress } from '../workflow/definition.ts';
import { hasMachine } from './machine-exit.ts';
import { changeVolume } from './volume-record.ts';

export interface ModifyVolumeInput {
  readonly volumeId: VolumeId;
}

export const modifyVolumeKind = 'modify-volume';

async function growDisk(context: WorkflowContext, { volumeId }: ModifyVolumeInput): Promise<void> {
  const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
  const target = volume?.modification?.target;
  if (!volume || !target || target.sizeGiB <= volume.sizeGiB) return;
  const instanceId = volume.attachment?.instanceId;
  const isLive = instanceId !== undefined && (await hasMachine(context, instanceId));
  const live = isLive ? instanceId : undefined;
  await context.volumes.grow(volumeId, target.sizeGiB * GiB, live);
}

/** The volume as it is after the change; figures that its new type does not have are gone. */
function modified(volume: Volume, modification: VolumeModification): Volume {
  const { iops: _, throughput: __, ...rest } = volume;
  return { ...rest, ...modification.target, modification };
}

async function complete(context: WorkflowContext, { volumeId }: ModifyVolumeInput): Promise<void> {
  const endedAt = context.clock.now();
  await changeVolume(context, volumeId, (volume) => {
    if (volume.modification?.state !== 'modifying') return volume;
    const done = {
      ...volume.modification,
      state: 'completed',
      progressPercent: 100,
      endedAt,
    } as const;
    return modified(volume, done);
  });
}

async function fail(
  context: WorkflowContext,
  { volumeId }: ModifyVolumeInput,
  { failure = 'unknown' }: WorkInProgress,
): Promise<void> {
  const endedAt = context.clock.now();
  await changeVolume(context, volumeId, (volume) => {
    if (volume.modification?.state !== 'modifying') return volume;
    const failed = {
      ...volume.modification,
      state: 'failed',
      statusMessage: failure,
      endedAt,
    } as const;
    return { ...volume, modification: failed };
  });
}

/** From a committed `modifying` to a larger disk. One that could not grow keeps its shape and says why. */
export const modifyVolume = defineWorkflow<WorkflowContext, ModifyVolumeInput>({
  kind: modifyVolumeKind,
  onFailure: 'unwind',
  steps: [
    { name: 'intent', undo: fail },
    { name: 'grow', run: growDisk },
    { name: 'complete', run: complete },
  ],
});
