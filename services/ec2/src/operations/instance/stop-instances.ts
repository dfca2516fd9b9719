import { apiError, checkState, type Instance } from '@bakehouse/domain';
import { enqueueEnd, type OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { stateChange, userInitiated, userShutdown } from '../../instances/instance-state-change.ts';
import { allOwnedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';

function checkStoppable(instance: Instance): void {
  if (instance.root.kind === 'instance-store') {
    throw apiError('UnsupportedOperation', {
      message: `The instance '${instance.id}' does not have an 'ebs' root device type and cannot be stopped.`,
    });
  }
  checkState('instance', instance, 'StopInstances');
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
