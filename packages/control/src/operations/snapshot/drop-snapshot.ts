import type { Image, MetadataReader, Snapshot } from '@bakehouse/domain';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { deleteSnapshotKind } from '../../workflows/delete-snapshot.ts';
import { enqueuePrune } from '../../workflows/prune-blocks.ts';

/**
 * An image of the snapshot's owner that starts from it. Images of others (who may use it, for a data volume)
 * do not hold it: they could keep the owner from deleting it for ever.
 */
export async function imageUsing(
  reader: MetadataReader,
  { id, ownerId }: Pick<Snapshot, 'id' | 'ownerId'>,
): Promise<Image | undefined> {
  const images = await reader.list('image', { where: { snapshot: [id] } });
  return images.find((image) => image.ownerId === ownerId);
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
