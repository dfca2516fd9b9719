import { allEgress, apiError, type SecurityGroup } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { findDefaultVpc, findGroupInVpc } from '../../network/groups.ts';
import type { Operation } from '../../operation.ts';
import { tagsFor, tagsIfAny } from '../../request/tags.ts';
import { securityGroupArn } from '../../views/security-group.ts';
import { checkGroupDescription, checkGroupName } from './group-words.ts';

/** A new group lets everything out and nothing in. */
export const createSecurityGroup: Operation<'CreateSecurityGroup'> = async (context, request) => {
  const { GroupName: name, Description: description, VpcId: vpcId } = request;
  checkGroupName(name);
  checkGroupDescription(description);
  const tags = tagsFor('security-group', request.TagSpecifications, ['security-group']);
  const { accountId: ownerId, region, now: createdAt, ids } = context;
  return await context.write(async (tx) => {
    const vpc = vpcId
      ? await ownedById(tx, context, 'vpc', vpcId)
      : await findDefaultVpc(tx, context);
    if (!vpc) throw apiError('VPCIdNotSpecified', {});
    if (await findGroupInVpc(tx, vpc.id, name)) {
      throw apiError('InvalidGroup.Duplicate', { name, vpcId: vpc.id });
    }
    const common = { ownerId, region, createdAt };
    const id = ids.resource('sg');
    const group: SecurityGroup = { ...common, id, tags, vpcId: vpc.id, name, description };
    await tx.put('securityGroup', group);
    const rule = { ...common, ...allEgress, id: ids.resource('sgr'), groupId: id, tags: {} };
    await tx.put('securityGroupRule', rule);
    return { GroupId: id, ...tagsIfAny(tags), SecurityGroupArn: securityGroupArn(group) };
  });
};
