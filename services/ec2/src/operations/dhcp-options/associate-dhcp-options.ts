import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import { noDhcpOptions } from '../../views/vpc.ts';

/** Guests get the new options when they renew their leases. `default` takes the VPC's options away. */
export const associateDhcpOptions: Operation<'AssociateDhcpOptions'> = async (context, request) => {
  await context.write(async (tx) => {
    const { dhcpOptionsId: _, ...vpc } = await ownedById(tx, context, 'vpc', request.VpcId);
    if (request.DhcpOptionsId === noDhcpOptions) return await tx.put('vpc', vpc);
    const { id } = await ownedById(tx, context, 'dhcpOptions', request.DhcpOptionsId);
    await tx.put('vpc', { ...vpc, dhcpOptionsId: id });
  });
  await enforcePolicy(context);
  return {};
};
