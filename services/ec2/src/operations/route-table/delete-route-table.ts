import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** Refused while a subnet is associated with the table, or it is its VPC's main one. */
export const deleteRouteTable: Operation<'DeleteRouteTable'> = async (context, request) => {
  await context.write(async (tx) => {
    const { id } = await ownedById(tx, context, 'routeTable', request.RouteTableId);
    const subnets = await tx.count('subnet', { where: { routeTable: [id] } });
    const vpcs = await tx.count('vpc', { where: { mainRouteTable: [id] } });
    if (subnets + vpcs > 0) throw apiError('DependencyViolation', { noun: 'routeTable', id });
    await tx.delete('routeTable', id);
  });
  return {};
};
