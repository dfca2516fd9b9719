import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import {
  checkAssociationId,
  findSubnetByAssociation,
  noAssociation,
} from '../../network/associations.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';

/** Another network ACL for a subnet, which always has one. In force when it returns. */
export const replaceNetworkAclAssociation: Operation<'ReplaceNetworkAclAssociation'> = async (
  context,
  request,
) => {
  checkAssociationId('aclassoc', request.AssociationId);
  const associationId = context.ids.resource('aclassoc');
  await context.write(async (tx) => {
    const subnet = await findSubnetByAssociation(tx, context, request.AssociationId);
    if (!subnet) throw noAssociation(request.AssociationId);
    const acl = await ownedById(tx, context, 'networkAcl', request.NetworkAclId);
    if (acl.vpcId !== subnet.vpcId) {
      throw apiError('InvalidParameterValue', {
        message: `network ACL ${acl.id} and subnet ${subnet.id} belong to different networks`,
      });
    }
    await tx.put('subnet', { ...subnet, networkAcl: { networkAclId: acl.id, associationId } });
  });
  await enforcePolicy(context);
  return { NewAssociationId: associationId };
};
