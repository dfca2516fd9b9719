import { apiError, type RouteTable, type VpcId } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import {
  checkAssociationId,
  findSubnetByAssociation,
  findVpcByAssociation,
  noAssociation,
} from '../../network/associations.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';

function checkNetwork(table: RouteTable, vpcId: VpcId, associationId: string): void {
  if (table.vpcId === vpcId) return;
  throw apiError('InvalidParameterValue', {
    message: `route table ${table.id} and association ${associationId} belong to different networks`,
  });
}

async function replace(
  tx: ControlTransaction,
  context: OperationContext,
  request: { readonly AssociationId: string; readonly RouteTableId: string },
): Promise<string> {
  const { AssociationId: associationId } = request;
  const subnet = await findSubnetByAssociation(tx, context, associationId);
  const vpc = subnet ? undefined : await findVpcByAssociation(tx, context, associationId);
  const table = await ownedById(tx, context, 'routeTable', request.RouteTableId);
  const next = { routeTableId: table.id, associationId: context.ids.resource('rtbassoc') };
  if (subnet) {
    checkNetwork(table, subnet.vpcId, associationId);
    await tx.put('subnet', { ...subnet, routeTable: next });
  } else if (vpc) {
    checkNetwork(table, vpc.id, associationId);
    await tx.put('vpc', { ...vpc, mainRouteTable: next });
  } else {
    throw noAssociation(associationId);
  }
  return next.associationId;
}

/** Another route table for a subnet or, by the main association, for all subnets of a VPC without one of their own. */
export const replaceRouteTableAssociation: Operation<'ReplaceRouteTableAssociation'> = async (
  context,
  request,
) => {
  checkAssociationId('rtbassoc', request.AssociationId);
  const NewAssociationId = await context.write((tx) => replace(tx, context, request));
  await enforcePolicy(context);
  return { NewAssociationId, AssociationState: { State: 'associated' } };
};
