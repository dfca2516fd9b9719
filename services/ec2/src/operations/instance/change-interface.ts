import { type Instance, refuseElsewhere } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { checkGroupCount, groupsOfVpc } from '../../network/groups.ts';
import { onlyInterface } from '../../network/only-interface.ts';

export interface ChangeScope {
  readonly tx: ControlTransaction;
  readonly context: OperationContext;
}

/**
 * Replaces the groups of the instance's network interface; the instance's own record does not change. Only the server
 * of the interface's host can put them into force.
 */
export async function changeGroups(
  instance: Instance,
  groupIds: readonly string[],
  { tx, context }: ChangeScope,
): Promise<Instance> {
  const { vpcId } = instance;
  const other = `instance ${instance.id}`;
  const groups = await groupsOfVpc(tx, context, { ids: groupIds, vpcId, other });
  checkGroupCount(groups);
  const nic = await onlyInterface(tx, instance);
  refuseElsewhere(nic, context.settings.hostId);
  await tx.put('networkInterface', { ...nic, groupIds: groups.map((group) => group.id) });
  return instance;
}

/** Whether the instance's network interface refuses packets that are neither from nor to its own addresses. */
export async function changeSourceDestCheck(
  instance: Instance,
  isOn: boolean,
  { tx, context }: ChangeScope,
): Promise<Instance> {
  const nic = await onlyInterface(tx, instance);
  refuseElsewhere(nic, context.settings.hostId);
  await tx.put('networkInterface', { ...nic, sourceDestCheck: isOn });
  return instance;
}
