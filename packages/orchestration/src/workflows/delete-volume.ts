import { mapsHeldBy } from '@bakehouse/domain';
import { defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { inputFields, inputReader } from './input.ts';
import { enqueuePrune } from './prune-blocks.ts';
import { volumePlace } from './volume-record.ts';

const { volumeId } = inputFields;

const readInput = inputReader({ volumeId });

/** The record says `deleting` already. First the disk is removed, then the record, which may have held maps. */
export const deleteVolumeWorkflow = defineWorkflow<WorkflowContext, ReturnType<typeof readInput>>({
  kind: 'delete-volume',
  version: 1,
  readInput,
  place: (reader, { volumeId }) => volumePlace(reader, volumeId),
  onFailure: 'retry',
  steps: [
    { name: 'disk', run: (context, { volumeId }) => context.volumes.remove(volumeId) },
    {
      name: 'record',
      run:
        async (_, { volumeId }) =>
        async (tx) => {
          const volume = await tx.get('volume', volumeId);
          await tx.delete('volume', volumeId);
          if (volume && mapsHeldBy('volume', volume).length > 0) await enqueuePrune(tx);
        },
    },
  ],
});
