import type { Image, MetadataReader, Snapshot, SnapshotId } from '@bakehouse/domain';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { deleteSnapshotKind } from '../../workflows/delete-snapshot.ts';
import { enqueuePrune } from '../../workflows/prune-blocks.ts';

/** An image, of any account, that starts from the snapshot. */
export async function imageUsing(
  reader: MetadataReader,
  snapshotId: SnapshotId,
): Promise<Image | undefined> {
  const [image] = await reader.list('image', { where: { snapshot: [snapshotId] } });
  return image;
}

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
