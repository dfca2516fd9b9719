import { apiError, refuseElsewhere } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** Deletes an interface that was kept when its instance ended. */
export const deleteNetworkInterface: Operation<'DeleteNetworkInterface'> = async (
  context,
  request,
) => {
  await context.write(async (tx) => {
    const nic = await ownedById(tx, context, 'networkInterface', request.NetworkInterfaceId);
    if (nic.attachment) {
      throw apiError('InvalidParameterValue', {
        message: `Network interface '${nic.id}' is currently in use.`,
      });
    }
    refuseElsewhere(nic, context.settings.hostId);
    await tx.delete('networkInterface', nic.id);
  });
  return {};
};
