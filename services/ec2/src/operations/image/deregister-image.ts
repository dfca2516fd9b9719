import { type Image, imageUsing, type SnapshotId } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import type { Operation } from '../../operation.ts';
import { dropSnapshot } from '../../snapshots/drop-snapshot.ts';
import { endFastLaunch } from './fast-launch-request.ts';
import { ownImage } from './own-image.ts';

/** EC2's code for each snapshot: `skipped` is one that another image uses. */
async function deleteAssociated(
  tx: ControlTransaction,
  context: OperationContext,
  id: SnapshotId,
): Promise<{ SnapshotId: string; ReturnCode: 'success' | 'skipped' | 'missing-permissions' }> {
  const snapshot = await tx.get('snapshot', id);
  if (snapshot && snapshot.ownerId !== context.accountId) {
    return { SnapshotId: id, ReturnCode: 'missing-permissions' };
  }
  if (!snapshot) return { SnapshotId: id, ReturnCode: 'success' };
  if (await imageUsing(tx, snapshot)) return { SnapshotId: id, ReturnCode: 'skipped' };
  await dropSnapshot(tx, snapshot, context.now);
  return { SnapshotId: id, ReturnCode: 'success' };
}

const snapshotsOf = (image: Image): readonly SnapshotId[] => [
  ...new Set(image.blockDevices.flatMap((device) => device.ebs?.snapshotId ?? [])),
];

/** Deletes the image at once. Its instances keep running; its snapshots stay unless the request includes them. */
export const deregisterImage: Operation<'DeregisterImage'> = async (context, request) =>
  await context.write(async (tx) => {
    const image = await ownImage(tx, context, request.ImageId);
    const { id, region, ownerId } = image;
    await tx.delete('image', id);
    await endFastLaunch(tx, id, context.now);
    await tx.put('tombstone', { id, region, ownerId, deletedAt: context.now });
    if (!request.DeleteAssociatedSnapshots) return { Return: true };
    const results = [];
    for (const each of snapshotsOf(image)) results.push(await deleteAssociated(tx, context, each));
    return { Return: true, DeleteSnapshotResults: results };
  });
