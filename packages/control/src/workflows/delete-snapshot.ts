import type { SnapshotId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { imageUsing } from '../image-using.ts';
import { defineWorkflow } from '../workflow/definition.ts';
import { enqueuePrune } from './prune-blocks.ts';

export interface DeleteSnapshotInput {
  readonly snapshotId: SnapshotId;
}

export const deleteSnapshotKind = 'delete-snapshot';

/** A deletion that had to wait for the snapshot to be complete; one that an image took meanwhile stays. */
export const deleteSnapshot = defineWorkflow<WorkflowContext, DeleteSnapshotInput>({
  kind: deleteSnapshotKind,
  onFailure: 'retry',
  steps: [
    {
      name: 'record',
      async run(context, { snapshotId }, { region }) {
        await context.engine.write(async (tx) => {
          const snapshot = await tx.get('snapshot', snapshotId);
          if (!snapshot || (await imageUsing(tx, snapshot))) return;
          await tx.delete('snapshot', snapshotId);
          await enqueuePrune(tx, region);
        });
      },
    },
  ],
});
