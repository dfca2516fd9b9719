import { endFastRestores, type Snapshot } from '@bakehouse/domain';
import { deleteSnapshotWorkflow, enqueuePrune } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';

/**
 * Deletes the record, and the blocks that nothing else needs. A snapshot that is being taken is deleted when it is
 * complete, as in EC2: the work that takes it has the volume's lane.
 */
export async function dropSnapshot(
  tx: ControlTransaction,
  snapshot: Snapshot,
  now: number,
): Promise<void> {
  if (snapshot.state === 'pending') {
    await deleteSnapshotWorkflow.enqueue(tx, { snapshotId: snapshot.id });
    return;
  }
  await endFastRestores(tx, snapshot.id, now);
  await tx.delete('snapshot', snapshot.id);
  await enqueuePrune(tx);
}
