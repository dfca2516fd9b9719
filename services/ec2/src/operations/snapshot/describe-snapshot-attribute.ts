import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';
import { grantsView } from '../../request/sharing.ts';
import { ownSnapshot } from './own-snapshot.ts';

const attributes = ['createVolumePermission', 'productCodes'];

/** One attribute of an own snapshot. */
export const describeSnapshotAttribute: Operation<'DescribeSnapshotAttribute'> = async (
  context,
  request,
) => {
  const { Attribute: name } = request;
  if (!attributes.includes(name)) throw unknownAttribute(name, attributes);
  const snapshot = await context.read((reader) => ownSnapshot(reader, context, request.SnapshotId));
  if (name === 'productCodes') return { SnapshotId: snapshot.id, ProductCodes: [] };
  const CreateVolumePermissions = grantsView(snapshot.createVolumePermissions);
  return { SnapshotId: snapshot.id, CreateVolumePermissions };
};
