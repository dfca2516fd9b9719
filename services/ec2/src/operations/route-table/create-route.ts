import { isDeepStrictEqual } from 'node:util';
import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { checkRouteCount } from '../../network/route-count.ts';
import type { Operation } from '../../operation.ts';
import { requestedRoute } from './route-request.ts';

/** A route for the subnets of a table. In force when it returns; the same route again changes nothing. */
export const createRoute: Operation<'CreateRoute'> = async (context, request) => {
  await context.write(async (tx) => {
    const table = await ownedById(tx, context, 'routeTable', request.RouteTableId);
    const route = await requestedRoute(tx, context, { table, request });
    const { destination } = route;
    const existing = table.routes.find((each) => each.destination === destination);
    if (existing) {
      if (isDeepStrictEqual(existing, route)) return;
      throw apiError('RouteAlreadyExists', { destination });
    }
    const extended = { ...table, routes: [...table.routes, route] };
    await checkRouteCount(tx, extended);
    await tx.put('routeTable', extended);
  });
  await enforcePolicy(context);
  return { Return: true };
};
