import { apiError, type Instance, type SecurityGroup } from '@bakehouse/domain';
import { ownedById } from '../../lookups.ts';
import { checkGroupCount } from '../../network/groups-limit.ts';
import type { ChangeScope } from './attribute-changes.ts';

/** Replaces the groups of the instance's network interface; its record stays as it is. */
export async function changeGroups(
  instance: Instance,
  groupIds: readonly string[],
  { tx, context }: ChangeScope,
): Promise<Instance> {
  const groups: SecurityGroup[] = [];
  for (const id of new Set(groupIds)) {
    const group = await ownedById(tx, context, 'securityGroup', id);
    if (group.vpcId !== instance.vpcId) {
      throw apiError('InvalidParameter', {
        message: `Security group ${id} and instance ${instance.id} belong to different networks.`,
      });
    }
    groups.push(group);
  }
  checkGroupCount(groups);
  const nic = await ownedById(tx, context, 'networkInterface', instance.networkInterfaceId);
  await tx.put('networkInterface', { ...nic, groupIds: groups.map((group) => group.id) });
  return instance;
}
