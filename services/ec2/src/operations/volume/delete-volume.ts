import { apiError, checkState, type Volume } from '@bakehouse/domain';
import { deleteVolumeWorkflow } from '@bakehouse/orchestration';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

function checkDeletable(volume: Volume): void {
  const { id, attachment } = volume;
  if (attachment) {
    throw apiError('VolumeInUse', {
      message: `Volume ${id} is currently attached to ${attachment.instanceId}`,
    });
  }
  checkState('volume', volume, 'DeleteVolume');
}

/** Snapshots of the volume stay. */
export const deleteVolume: Operation<'DeleteVolume'> = async (context, request) =>
  await context.write(async (tx) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    checkDeletable(volume);
    await tx.put('volume', { ...volume, state: 'deleting' });
    await deleteVolumeWorkflow.enqueue(tx, { volumeId: volume.id });
    return {};
  });
