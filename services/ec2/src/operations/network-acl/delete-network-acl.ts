import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** Refused while a subnet is associated with it. A default network ACL stays as long as its VPC. */
export const deleteNetworkAcl: Operation<'DeleteNetworkAcl'> = async (context, request) => {
  await context.write(async (tx) => {
    const acl = await ownedById(tx, context, 'networkAcl', request.NetworkAclId);
    const { id } = acl;
    if (acl.isDefault) {
      throw apiError('InvalidParameterValue', {
        message: `cannot delete default network ACL ${id}`,
      });
    }
    const subnets = await tx.count('subnet', { where: { networkAcl: [id] } });
    if (subnets > 0) throw apiError('DependencyViolation', { noun: 'networkAcl', id });
    await tx.delete('networkAcl', id);
  });
  return {};
};
