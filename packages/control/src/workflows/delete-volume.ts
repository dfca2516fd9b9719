import type { VolumeId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow } from '../workflow/definition.ts';
import { enqueuePrune } from './prune-blocks.ts';

export interface DeleteVolumeInput {
  readonly volumeId: VolumeId;
}

export const deleteVolumeKind = 'delete-volume';

/** The record says `deleting` already; the disk goes, then the record, which may have held maps. */
export const deleteVolume = defineWorkflow<WorkflowContext, DeleteVolumeInput>({
  kind: deleteVolumeKind,
  onFailure: 'retry',
  steps: [
    { name: 'disk', run: (context, { volumeId }) => context.volumes.remove(volumeId) },
    {
      name: 'record',
      run: (context, { volumeId }, { region }) =>
        context.engine.write(async (tx) => {
          const volume = await tx.get('volume', volumeId);
          await tx.delete('volume', volumeId);
          if (volume?.originMapId || volume?.baseline) await enqueuePrune(tx, region);
        }),
    },
  ],
});
