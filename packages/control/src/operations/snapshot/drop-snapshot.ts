import type { Snapshot } from '@bakehouse/domain';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { deleteSnapshotKind } from '../../workflows/delete-snapshot.ts';
import { enqueuePrune } from '../../workflows/prune-blocks.ts';

/**
 * Deletes the record, and what blocks nothing else needs. A snapshot that is being taken goes when it is
 * complete, as EC2 does it: the work that takes it has the volume's lane.
 */
export async function dropSnapshot(tx: ControlTransaction, snapshot: Snapshot): Promise<void> {
  const { id, region, volumeId } = snapshot;
  if (snapshot.state === 'pending') {
    const input = { snapshotId: id };
    await tx.enqueue({ kind: deleteSnapshotKind, region, lanes: [volumeId], input });
    return;
  }
  await tx.delete('snapshot', id);
  await enqueuePrune(tx, region);
}
