import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** Refused while a VPC is associated with the set. */
export const deleteDhcpOptions: Operation<'DeleteDhcpOptions'> = async (context, request) => {
  await context.write(async (tx) => {
    const { id } = await ownedById(tx, context, 'dhcpOptions', request.DhcpOptionsId);
    const users = await tx.count('vpc', { where: { dhcpOptions: [id] } });
    if (users > 0) throw apiError('DependencyViolation', { noun: 'dhcpOptions', id });
    await tx.delete('dhcpOptions', id);
  });
  return {};
};
