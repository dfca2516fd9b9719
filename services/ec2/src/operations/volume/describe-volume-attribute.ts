import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';

const attributes = ['autoEnableIO', 'productCodes'];

/** One attribute of a volume. */
export const describeVolumeAttribute: Operation<'DescribeVolumeAttribute'> = async (
  context,
  request,
) => {
  const { Attribute: name } = request;
  if (!attributes.includes(name)) throw unknownAttribute(name, attributes);
  const volume = await context.read((reader) =>
    ownedById(reader, context, 'volume', request.VolumeId),
  );
  if (name === 'productCodes') return { VolumeId: volume.id, ProductCodes: [] };
  return { VolumeId: volume.id, AutoEnableIO: { Value: volume.autoEnableIo } };
};
