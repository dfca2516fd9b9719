import { apiError, type RouteTable, type Subnet } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';

function checkTable(table: RouteTable, subnet: Subnet): void {
  if (table.vpcId !== subnet.vpcId) {
    throw apiError('InvalidParameterValue', {
      message: `route table ${table.id} and subnet ${subnet.id} belong to different networks`,
    });
  }
  if (subnet.routeTable === undefined || subnet.routeTable.routeTableId === table.id) return;
  throw apiError('Resource.AlreadyAssociated', {
    message: `the specified association for route table ${table.id} conflicts with an existing association`,
  });
}

/** Routes a subnet by the table instead of its VPC's main one. In force when it returns; a repeat changes nothing. */
export const associateRouteTable: Operation<'AssociateRouteTable'> = async (context, request) => {
  refuseUnserved(request, ['GatewayId', 'PublicIpv4Pool']);
  const associationId = await context.write(async (tx) => {
    const table = await ownedById(tx, context, 'routeTable', request.RouteTableId);
    if (!request.SubnetId) throw apiError('MissingParameter', { parameter: 'subnetId' });
    const subnet = await ownedById(tx, context, 'subnet', request.SubnetId);
    checkTable(table, subnet);
    if (subnet.routeTable) return subnet.routeTable.associationId;
    const id = context.ids.resource('rtbassoc');
    const routeTable = { routeTableId: table.id, associationId: id };
    await tx.put('subnet', { ...subnet, routeTable });
    return id;
  });
  await enforcePolicy(context);
  return { AssociationId: associationId, AssociationState: { State: 'associated' } };
};
