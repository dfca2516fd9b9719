import type { Operation } from '../../operation.ts';
import { changeSharing } from '../../sharing.ts';
import { unknownAttribute } from '../../unknown-attribute.ts';
import { ownSnapshot } from './own-snapshot.ts';

const attribute = 'createVolumePermission';

/** Says who else may make volumes of the snapshot. */
export const modifySnapshotAttribute: Operation<'ModifySnapshotAttribute'> = async (
  context,
  request,
) => {
  const { Attribute: named = attribute } = request;
  if (named !== attribute) throw unknownAttribute(named, [attribute]);
  return await context.write(async (tx) => {
    const snapshot = await ownSnapshot(tx, context, request.SnapshotId);
    const createVolumePermissions = changeSharing(snapshot.createVolumePermissions, {
      structured: request.CreateVolumePermission,
      operationType: request.OperationType,
      userIds: request.UserIds,
      groups: request.GroupNames,
    });
    await tx.put('snapshot', { ...snapshot, createVolumePermissions });
    return {};
  });
};
