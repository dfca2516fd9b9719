import { apiError, type Vpc } from '@bakehouse/domain';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { rulesOf } from '../../network/groups.ts';
import type { Operation } from '../../operation.ts';

/** The parts of a VPC that are deleted with it, and whether it has any that its user made. */
async function readParts(tx: ControlTransaction, vpc: Vpc) {
  const where = { vpc: [vpc.id] };
  const tables = await tx.list('routeTable', { where });
  const acls = await tx.list('networkAcl', { where });
  const groups = await tx.list('securityGroup', { where });
  const counts = [
    tables.filter(({ id }) => id !== vpc.mainRouteTable.routeTableId).length,
    acls.filter(({ isDefault }) => !isDefault).length,
    groups.filter(({ name }) => name !== 'default').length,
    await tx.count('subnet', { where }),
    await tx.count('internetGateway', { where }),
  ];
  return { tables, acls, groups, hasDependents: counts.some((count) => count > 0) };
}

/** Refused while anything but the parts that CreateVpc makes is in the VPC. A default VPC can be deleted, too. */
export const deleteVpc: Operation<'DeleteVpc'> = async (context, request) => {
  await context.write(async (tx) => {
    const vpc = await ownedById(tx, context, 'vpc', request.VpcId);
    const { tables, acls, groups, hasDependents } = await readParts(tx, vpc);
    if (hasDependents) throw apiError('DependencyViolation', { noun: 'vpc', id: vpc.id });
    for (const { id } of tables) await tx.delete('routeTable', id);
    for (const { id } of acls) await tx.delete('networkAcl', id);
    for (const { id } of groups) {
      for (const rule of await rulesOf(tx, id)) await tx.delete('securityGroupRule', rule.id);
      await tx.delete('securityGroup', id);
    }
    await tx.delete('vpc', vpc.id);
  });
  await enforcePolicy(context);
  return {};
};
