import type { RouteTableId } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { newResource } from '../../network/new-resource.ts';
import { checkQuota } from '../../network/quotas.ts';
import type { Operation } from '../../operation.ts';
import { withClientToken } from '../../request/client-token.ts';
import { readRouteTableFacts, routeTableView } from '../../views/route-table.ts';

type Request = Parameters<Operation<'CreateRouteTable'>>[1];

async function create(
  tx: ControlTransaction,
  context: OperationContext,
  request: Request,
): Promise<readonly RouteTableId[]> {
  const resource = newResource(context, 'route-table', request.TagSpecifications);
  const vpc = await ownedById(tx, context, 'vpc', request.VpcId);
  await checkQuota(tx, context, 'routeTable', vpc.id);
  const id = context.ids.resource('rtb');
  await tx.put('routeTable', { ...resource, id, vpcId: vpc.id, routes: [] });
  return [id];
}

/** A route table with the local routes of its VPC only. */
export const createRouteTable: Operation<'CreateRouteTable'> = async (context, request) => {
  const use = { operation: 'CreateRouteTable', token: request.ClientToken, request };
  return await context.write(async (tx) => {
    const [id] = await withClientToken(tx, context, use, () => create(tx, context, request));
    const table = await ownedById(tx, context, 'routeTable', id);
    return { RouteTable: routeTableView(await readRouteTableFacts(tx, table)) };
  });
};
