import type { VolumeId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow } from '../workflow/definition.ts';

export interface DeleteVolumeInput {
  readonly volumeId: VolumeId;
}

export const deleteVolumeKind = 'delete-volume';

/** The record says `deleting` already; the disk goes, then the record. */
export const deleteVolume = defineWorkflow<WorkflowContext, DeleteVolumeInput>({
  kind: deleteVolumeKind,
  onFailure: 'retry',
  steps: [
    { name: 'disk', run: (context, { volumeId }) => context.volumes.remove(volumeId) },
    {
      name: 'record',
      run: (context, { volumeId }) => context.metadata.write((tx) => tx.delete('volume', volumeId)),
    },
  ],
});
