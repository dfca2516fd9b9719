import { apiError, type Instance } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { allOwnedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { enqueueEnd } from '../../workflows/end-instance.ts';
import { checkState, stateChange, userInitiated, userShutdown } from './instance-state-change.ts';

function checkStoppable(instance: Instance): void {
  if (instance.rootDeviceType === 'instance-store') {
    throw apiError('UnsupportedOperation', {
      message: `The instance '${instance.id}' does not have an 'ebs' root device type and cannot be stopped.`,
    });
  }
  checkState(instance, ['pending', 'running', 'stopping', 'stopped'], 'stopped');
  if (instance.disableApiStop && instance.state !== 'stopped') {
    throw apiError('OperationNotPermitted', {
      message: `The instance '${instance.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
    });
  }
}

async function requestStop(
  tx: ControlTransaction,
  context: OperationContext,
  { instance, force }: { instance: Instance; force: boolean },
): Promise<Instance> {
  if (instance.state === 'stopped' || (instance.state === 'stopping' && !force)) return instance;
  const stateTransitionReason = userInitiated(context.now);
  const end = { state: 'stopped', stateTransitionReason, stateReason: userShutdown } as const;
  const stopping = { ...instance, ...end, state: 'stopping' } as const;
  await tx.put('instance', stopping);
  await enqueueEnd(tx, instance, { force, end });
  return stopping;
}

/** All the named instances stop, or none does: one bad id fails the request. */
export const stopInstances: Operation<'StopInstances'> = async (context, request) => {
  refuseUnserved(request, ['Hibernate']);
  const force = (request.Force || request.SkipOsShutdown) ?? false;
  return await context.write(async (tx) => {
    const instances = await allOwnedById(tx, context, 'instance', request.InstanceIds);
    for (const instance of instances) checkStoppable(instance);
    const changes = [];
    for (const before of instances) {
      const stop = { instance: before, force };
      changes.push(stateChange(before, await requestStop(tx, context, stop)));
    }
    return { StoppingInstances: changes };
  });
};
