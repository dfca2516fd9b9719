import { apiError, type SecurityGroup } from '@bakehouse/domain';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { namedGroup, rulesOf } from '../../network/groups.ts';
import type { Operation } from '../../operation.ts';

/** Refuses while a network interface is in the group, or a rule of another group refers to it. */
async function checkUnused(tx: ControlTransaction, group: SecurityGroup): Promise<void> {
  const nics = await tx.list('networkInterface', { where: { group: [group.id] } });
  const referring = await tx.list('securityGroupRule', { where: { peerGroup: [group.id] } });
  if (nics.length === 0 && referring.every((rule) => rule.groupId === group.id)) return;
  throw apiError('DependencyViolation', { id: group.id });
}

export const deleteSecurityGroup: Operation<'DeleteSecurityGroup'> = async (context, request) =>
  await context.write(async (tx) => {
    const group = await namedGroup(tx, context, request);
    if (group.name === 'default') {
      throw apiError('CannotDelete', { id: group.id });
    }
    await checkUnused(tx, group);
    for (const rule of await rulesOf(tx, group.id)) await tx.delete('securityGroupRule', rule.id);
    await tx.delete('securityGroup', group.id);
    return { Return: true, GroupId: group.id };
  });
