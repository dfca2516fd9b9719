import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';

/** Refused while a network interface is in the subnet. */
export const deleteSubnet: Operation<'DeleteSubnet'> = async (context, request) => {
  await context.write(async (tx) => {
    const subnet = await ownedById(tx, context, 'subnet', request.SubnetId);
    const users = await tx.count('networkInterface', { where: { subnet: [subnet.id] } });
    if (users > 0) throw apiError('DependencyViolation', { noun: 'subnet', id: subnet.id });
    await tx.delete('subnet', subnet.id);
  });
  await enforcePolicy(context);
  return {};
};
