import { apiError, imageUsing } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { dropSnapshot } from '../../snapshots/drop-snapshot.ts';
import { ownSnapshot } from './own-snapshot.ts';

/** Volumes that were made from the snapshot keep its blocks; an image that starts from it forbids it. */
export const deleteSnapshot: Operation<'DeleteSnapshot'> = async (context, request) =>
  await context.write(async (tx) => {
    const snapshot = await ownSnapshot(tx, context, request.SnapshotId);
    const image = await imageUsing(tx, snapshot);
    if (image) throw apiError('InvalidSnapshot.InUse', { id: snapshot.id, imageId: image.id });
    await dropSnapshot(tx, snapshot, context.now);
    return {};
  });
