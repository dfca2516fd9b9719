import { type Commit, defineWorkflow, type WorkInProgress } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { inputFields, inputReader } from './input.ts';
import { makeDisk, noteFastRestore } from './make-disk.ts';
import { changeVolume, volumePlace, wakeHydration } from './volume-record.ts';
import type { HostResource } from './widths.ts';

const { volumeId } = inputFields;

const readInput = inputReader({ volumeId });
type CreateVolumeInput = ReturnType<typeof readInput>;

async function createDisk(
  context: WorkflowContext,
  { volumeId }: CreateVolumeInput,
): Promise<Commit | undefined> {
  const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
  if (!volume) return undefined;
  const backing = await makeDisk(context, volume);
  return (tx) => noteFastRestore(tx, volumeId, backing);
}

async function markFailed(
  _: WorkflowContext,
  { volumeId }: CreateVolumeInput,
  { failure }: WorkInProgress,
): Promise<Commit> {
  const stateMessage = failure?.message ?? 'unknown';
  return (tx) =>
    changeVolume(tx, volumeId, (volume) =>
      volume.state === 'creating' ? { ...volume, state: 'error', stateMessage } : volume,
    );
}

async function markAvailable(
  context: WorkflowContext,
  { volumeId }: CreateVolumeInput,
): Promise<Commit> {
  await wakeHydration(context, [volumeId]);
  return (tx) =>
    changeVolume(tx, volumeId, (volume) =>
      volume.state === 'creating' ? { ...volume, state: 'available' } : volume,
    );
}

/** From a committed `creating` record to a disk that can be attached. */
export const createVolumeWorkflow = defineWorkflow<
  WorkflowContext,
  CreateVolumeInput,
  HostResource
>({
  kind: 'create-volume',
  version: 1,
  readInput,
  place: (reader, { volumeId }) => volumePlace(reader, volumeId),
  onFailure: 'unwind',
  steps: [
    { name: 'intent', undo: markFailed },
    {
      name: 'disk',
      uses: 'disk',
      run: createDisk,
      undo: (context, { volumeId }) => context.volumes.remove(volumeId),
    },
    { name: 'available', run: markAvailable },
  ],
});
