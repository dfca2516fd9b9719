import { refuseElsewhere } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { refuseManagedInterface } from '../../network/managed-interface.ts';
import type { Operation } from '../../operation.ts';
import { oneAttribute } from '../../request/attributes.ts';

/** The source/destination check is the only attribute with a default: it is on. */
export const resetNetworkInterfaceAttribute: Operation<'ResetNetworkInterfaceAttribute'> = async (
  context,
  request,
) => {
  oneAttribute({ sourceDestCheck: request.SourceDestCheck });
  await context.write(async (tx) => {
    const nic = await ownedById(tx, context, 'networkInterface', request.NetworkInterfaceId);
    refuseManagedInterface(nic);
    refuseElsewhere(nic, context.settings.hostId);
    await tx.put('networkInterface', { ...nic, sourceDestCheck: true });
  });
  await enforcePolicy(context);
  return {};
};
