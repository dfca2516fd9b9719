import { apiError } from '@bakehouse/domain';
import {
  checkAssociationId,
  findSubnetByAssociation,
  findVpcByAssociation,
  noAssociation,
} from '../../network/associations.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';

/** Routes the subnet by its VPC's main route table again. */
export const disassociateRouteTable: Operation<'DisassociateRouteTable'> = async (
  context,
  { AssociationId: id },
) => {
  checkAssociationId('rtbassoc', id);
  await context.write(async (tx) => {
    const subnet = await findSubnetByAssociation(tx, context, id);
    if (!subnet && (await findVpcByAssociation(tx, context, id))) {
      throw apiError('InvalidParameterValue', {
        message: `cannot disassociate the main route table association ${id}`,
      });
    }
    if (!subnet) throw noAssociation(id);
    const { routeTable: _, ...rest } = subnet;
    await tx.put('subnet', rest);
  });
  await enforcePolicy(context);
  return {};
};
