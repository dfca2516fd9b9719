import { invariant } from '@bakehouse/base';
import { endFastRestores, imageUsing } from '@bakehouse/domain';
import { defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { inputFields, inputReader } from './input.ts';
import { enqueuePrune } from './prune-blocks.ts';
import { volumeHost } from './volume-record.ts';

const { snapshotId } = inputFields;

const readInput = inputReader({ snapshotId });

/** A deletion that had to wait until the snapshot is complete. One that an image took meanwhile stays. */
export const deleteSnapshotWorkflow = defineWorkflow<WorkflowContext, ReturnType<typeof readInput>>(
  {
    kind: 'delete-snapshot',
    version: 1,
    readInput,
    async place(reader, { snapshotId }) {
      const snapshot = await reader.get('snapshot', snapshotId);
      invariant(snapshot, `snapshot ${snapshotId} has a record when its deletion begins`);
      const { region, volumeId } = snapshot;
      // It waits behind the capture, which only the volume's host can do.
      return { region, ...(await volumeHost(reader, volumeId)), lanes: [volumeId] };
    },
    onFailure: 'retry',
    steps: [
      {
        name: 'record',
        run:
          async ({ clock }, { snapshotId }) =>
          async (tx) => {
            const snapshot = await tx.get('snapshot', snapshotId);
            if (!snapshot || (await imageUsing(tx, snapshot))) return;
            await endFastRestores(tx, snapshotId, clock.now());
            await tx.delete('snapshot', snapshotId);
            await enqueuePrune(tx);
          },
      },
    ],
  },
);
