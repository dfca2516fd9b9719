import type { Operation } from '../../operation.ts';
import { oneAttribute } from '../../request/attributes.ts';
import { unknownAttribute } from '../../request/refusals.ts';
import { changeSharing } from '../../request/sharing.ts';
import { ownSnapshot } from './own-snapshot.ts';

const attribute = 'createVolumePermission';

/** Changes who else may make volumes of the snapshot. */
export const modifySnapshotAttribute: Operation<'ModifySnapshotAttribute'> = async (
  context,
  request,
) => {
  const { Attribute: named, UserIds, GroupNames } = request;
  if (named !== undefined && named !== attribute) throw unknownAttribute(named, [attribute]);
  const permissions = [UserIds, GroupNames].some((list) => list?.length);
  const given = request.CreateVolumePermission ?? request.OperationType;
  oneAttribute({ [attribute]: given ?? (permissions || undefined) }, named);
  return await context.write(async (tx) => {
    const snapshot = await ownSnapshot(tx, context, request.SnapshotId);
    const createVolumePermissions = changeSharing(snapshot.createVolumePermissions, {
      attribute,
      structured: request.CreateVolumePermission,
      operationType: request.OperationType,
      userIds: UserIds,
      groups: GroupNames,
    });
    await tx.put('snapshot', { ...snapshot, createVolumePermissions });
    return {};
  });
};
