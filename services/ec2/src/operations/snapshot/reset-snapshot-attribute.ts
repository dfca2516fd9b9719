import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';
import { sharedWithNobody } from '../../request/sharing.ts';
import { ownSnapshot } from './own-snapshot.ts';

/** Takes all permissions back. */
export const resetSnapshotAttribute: Operation<'ResetSnapshotAttribute'> = async (
  context,
  request,
) => {
  if (request.Attribute !== 'createVolumePermission') {
    throw unknownAttribute(request.Attribute, ['createVolumePermission']);
  }
  return await context.write(async (tx) => {
    const snapshot = await ownSnapshot(tx, context, request.SnapshotId);
    await tx.put('snapshot', { ...snapshot, createVolumePermissions: sharedWithNobody });
    return {};
  });
};
