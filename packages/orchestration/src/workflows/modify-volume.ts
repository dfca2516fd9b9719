import { GiB } from '@bakehouse/base';
import type { Volume, VolumeModification } from '@bakehouse/domain';
import { type Commit, defineWorkflow, type WorkInProgress } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { inputFields, inputReader } from './input.ts';
import { hasMachine } from './machine-exit.ts';
import { changeVolume, volumePlace } from './volume-record.ts';

const { volumeId } = inputFields;

const readInput = inputReader({ volumeId });
type ModifyVolumeInput = ReturnType<typeof readInput>;

async function growDisk(context: WorkflowContext, { volumeId }: ModifyVolumeInput): Promise<void> {
  const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
  const target = volume?.modification?.target;
  if (!volume || !target || target.sizeGiB <= volume.sizeGiB) return;
  const instanceId = volume.attachment?.instanceId;
  const isLive = instanceId !== undefined && (await hasMachine(context, instanceId));
  const live = isLive ? instanceId : undefined;
  await context.volumes.grow(volumeId, target.sizeGiB * GiB, live);
}

type Change = (volume: Volume, modification: VolumeModification) => Volume;

/** Ends the modification that is under way, if there is one. */
const ending =
  ({ volumeId }: ModifyVolumeInput, change: Change): Commit =>
  (tx) =>
    changeVolume(tx, volumeId, (volume) => {
      const { modification } = volume;
      return modification?.state === 'modifying' ? change(volume, modification) : volume;
    });

/** The volume as it is after the change. It loses the figures that its new type does not have. */
async function complete(context: WorkflowContext, input: ModifyVolumeInput): Promise<Commit> {
  const endedAt = context.clock.now();
  return ending(input, (volume, modification) => {
    const { iops: _, throughput: __, ...rest } = volume;
    const done = { ...modification, state: 'completed', progressPercent: 100, endedAt } as const;
    return { ...rest, ...modification.target, modification: done };
  });
}

async function fail(
  context: WorkflowContext,
  input: ModifyVolumeInput,
  { failure }: WorkInProgress,
): Promise<Commit> {
  const endedAt = context.clock.now();
  const statusMessage = failure?.message ?? 'unknown';
  return ending(input, (volume, modification) => ({
    ...volume,
    modification: { ...modification, state: 'failed', statusMessage, endedAt },
  }));
}

/** From a committed `modifying` to a larger disk. A volume that could not grow keeps its shape and says why. */
export const modifyVolumeWorkflow = defineWorkflow<WorkflowContext, ModifyVolumeInput>({
  kind: 'modify-volume',
  version: 1,
  readInput,
  place: (reader, { volumeId }) => volumePlace(reader, volumeId),
  onFailure: 'unwind',
  steps: [
    { name: 'intent', undo: fail },
    { name: 'grow', run: growDisk },
    { name: 'complete', run: complete },
  ],
});
