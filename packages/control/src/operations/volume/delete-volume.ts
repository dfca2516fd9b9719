import { apiError, type Volume } from '@bakehouse/domain';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { deleteVolumeKind } from '../../workflows/delete-volume.ts';

function checkDeletable({ id, state, attachment }: Volume): void {
  if (attachment) {
    throw apiError('VolumeInUse', {
      message: `Volume ${id} is currently attached to ${attachment.instanceId}`,
    });
  }
  if (state === 'available' || state === 'error') return;
  throw apiError('IncorrectState', {
    message: `The volume '${id}' is '${state}'; only an 'available' volume can be deleted`,
  });
}

/** Snapshots of the volume stay. */
export const deleteVolume: Operation<'DeleteVolume'> = async (context, request) =>
  await context.write(async (tx) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    checkDeletable(volume);
    await tx.put('volume', { ...volume, state: 'deleting' });
    const input = { volumeId: volume.id };
    const { region } = context;
    await tx.enqueue({ kind: deleteVolumeKind, region, lanes: [volume.id], input });
    return {};
  });
