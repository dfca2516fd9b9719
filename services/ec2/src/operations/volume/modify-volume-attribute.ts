import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { attributeValue, oneAttribute } from '../../request/attributes.ts';

/** `AutoEnableIO` is the one attribute that can be set. The platform never stops a volume's I/O by itself. */
export const modifyVolumeAttribute: Operation<'ModifyVolumeAttribute'> = async (
  context,
  request,
) => {
  const { AutoEnableIO: autoEnableIO } = request;
  oneAttribute({ autoEnableIO });
  const value = attributeValue(autoEnableIO);
  return await context.write(async (tx) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    await tx.put('volume', { ...volume, autoEnableIo: value });
    return {};
  });
};
