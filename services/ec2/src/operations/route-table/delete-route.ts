import { apiError, vpcCidrs } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { requestedDestination } from './route-request.ts';

/** Local routes stay. */
export const deleteRoute: Operation<'DeleteRoute'> = async (context, request) => {
  refuseUnserved(request, ['DestinationIpv6CidrBlock']);
  await context.write(async (tx) => {
    const table = await ownedById(tx, context, 'routeTable', request.RouteTableId);
    const destination = await requestedDestination(tx, context, request);
    const routes = table.routes.filter((route) => route.destination !== destination);
    if (routes.length < table.routes.length)
      return await tx.put('routeTable', { ...table, routes });
    const vpc = await ownedById(tx, context, 'vpc', table.vpcId);
    if (!vpcCidrs(vpc).includes(destination)) {
      throw apiError('InvalidRoute.NotFound', { destination, tableId: table.id });
    }
    throw apiError('InvalidParameterValue', {
      message: `cannot remove local route ${destination} in route table ${table.id}`,
    });
  });
  await enforcePolicy(context);
  return {};
};
