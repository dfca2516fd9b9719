import { GiB } from '@bakehouse/base';
import type { VolumeId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow, type WorkInProgress } from '../workflow/definition.ts';
import { changeVolume, wakeHydration } from './volume-record.ts';

export interface CreateVolumeInput {
  readonly volumeId: VolumeId;
}

export const createVolumeKind = 'create-volume';

async function createDisk(context: WorkflowContext, { volumeId }: CreateVolumeInput) {
  const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
  if (!volume) return;
  const { sizeGiB, originMapId } = volume;
  const origin = originMapId ? { originMapId } : {};
  await context.volumes.create({ volumeId, sizeBytes: sizeGiB * GiB, ...origin });
}

async function markFailed(
  context: WorkflowContext,
  { volumeId }: CreateVolumeInput,
  { failure = 'unknown' }: WorkInProgress,
) {
  await changeVolume(context, volumeId, (volume) =>
    volume.state === 'creating' ? { ...volume, state: 'error', stateMessage: failure } : volume,
  );
}

async function markAvailable(context: WorkflowContext, { volumeId }: CreateVolumeInput) {
  await changeVolume(context, volumeId, (volume) =>
    volume.state === 'creating' ? { ...volume, state: 'available' } : volume,
  );
  await wakeHydration(context, [volumeId]);
}

/** From a committed `creating` record to a disk that can be attached. */
export const createVolume = defineWorkflow<WorkflowContext, CreateVolumeInput>({
  kind: createVolumeKind,
  onFailure: 'unwind',
  steps: [
    { name: 'intent', undo: markFailed },
    {
      name: 'disk',
      run: createDisk,
      undo: (context, { volumeId }) => context.volumes.remove(volumeId),
    },
    { name: 'available', run: markAvailable },
  ],
});
