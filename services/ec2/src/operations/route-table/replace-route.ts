import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { requestedRoute } from './route-request.ts';

/** Another target for a route. In force when it returns. */
export const replaceRoute: Operation<'ReplaceRoute'> = async (context, request) => {
  refuseUnserved(request, ['LocalTarget']);
  await context.write(async (tx) => {
    const table = await ownedById(tx, context, 'routeTable', request.RouteTableId);
    const route = await requestedRoute(tx, context, { table, request });
    const { destination } = route;
    if (!table.routes.some((each) => each.destination === destination)) {
      throw apiError('InvalidParameterValue', {
        message: `There is no route defined for '${destination}' in the route table. Use CreateRoute instead.`,
      });
    }
    const routes = table.routes.map((each) => (each.destination === destination ? route : each));
    await tx.put('routeTable', { ...table, routes });
  });
  await enforcePolicy(context);
  return {};
};
