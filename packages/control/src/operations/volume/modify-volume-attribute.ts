import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';

/** `AutoEnableIO` is the one attribute that can be set. The platform never stops a volume's I/O by itself. */
export const modifyVolumeAttribute: Operation<'ModifyVolumeAttribute'> = async (
  context,
  request,
) => {
  const value = request.AutoEnableIO?.Value;
  if (value === undefined) throw apiError('MissingParameter', { parameter: 'AutoEnableIO' });
  return await context.write(async (tx) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    await tx.put('volume', { ...volume, autoEnableIo: value });
    return {};
  });
};
