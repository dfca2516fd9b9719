import { apiError, type Instance } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { allOwnedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { endInstanceKind } from '../../workflows/end-instance.ts';
import { instanceLanes } from '../../workflows/instance-lanes.ts';
import { stateChange, userInitiated } from './instance-state-change.ts';

function checkTerminable(instance: Instance): void {
  if (!instance.disableApiTermination) return;
  throw apiError('OperationNotPermitted', {
    message: `The instance '${instance.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
  });
}

async function requestTermination(
  tx: ControlTransaction,
  context: OperationContext,
  instance: Instance,
): Promise<Instance> {
  if (instance.state === 'terminated' || instance.state === 'shutting-down') return instance;
  const code = 'Client.UserInitiatedShutdown';
  const end = {
    state: 'terminated',
    stateTransitionReason: userInitiated(context.now),
    stateReason: { code, message: `${code}: User initiated shutdown` },
  } as const;
  const ending = { ...instance, ...end, state: 'shutting-down' } as const;
  await tx.put('instance', ending);
  await tx.enqueue({
    kind: endInstanceKind,
    region: context.region,
    lanes: instanceLanes(instance),
    input: { instanceId: instance.id, force: false, end },
  });
  return ending;
}

/** All the named instances end, or none does. Ending what has ended is no error. */
export const terminateInstances: Operation<'TerminateInstances'> = async (context, request) =>
  await context.write(async (tx) => {
    const instances = await allOwnedById(tx, context, 'instance', request.InstanceIds);
    for (const instance of instances) checkTerminable(instance);
    const changes = [];
    for (const before of instances) {
      changes.push(stateChange(before, await requestTermination(tx, context, before)));
    }
    return { TerminatingInstances: changes };
  });
