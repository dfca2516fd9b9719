import { apiError, deleteInterface, refuseElsewhere } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** Deletes an interface that is attached to nothing. Elastic IP addresses of it stay their account's. */
export const deleteNetworkInterface: Operation<'DeleteNetworkInterface'> = async (
  context,
  request,
) => {
  await context.write(async (tx) => {
    const nic = await ownedById(tx, context, 'networkInterface', request.NetworkInterfaceId);
    if (nic.status === 'in-use') {
      throw apiError('InvalidParameterValue', {
        message: `Network interface '${nic.id}' is currently in use.`,
      });
    }
    refuseElsewhere(nic, context.settings.hostId);
    await deleteInterface(tx, nic.id);
  });
  return {};
};
