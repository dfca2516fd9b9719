import { apiError, type Instance } from '@bakehouse/domain';
import { enqueueEnd, type OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { stateChange, userInitiated, userShutdown } from '../../instances/instance-state-change.ts';
import { allOwnedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

const isProtected = ({ disableApiTermination, state }: Instance) =>
  disableApiTermination && state !== 'terminated';

const refusal = ({ id }: Instance) =>
  apiError('OperationNotPermitted', {
    message: `The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
  });

async function requestTermination(
  tx: ControlTransaction,
  context: OperationContext,
  { instance, force }: { instance: Instance; force: boolean },
): Promise<Instance> {
  if (instance.state === 'terminated' || instance.state === 'shutting-down') return instance;
  const end = {
    state: 'terminated',
    stateTransitionReason: userInitiated(context.now),
    stateReason: userShutdown,
  } as const;
  const ending = { ...instance, ...end, state: 'shutting-down' } as const;
  await tx.put('instance', ending);
  await enqueueEnd(tx, instance, { force, end });
  return ending;
}

/**
 * Of several instances, one that is protected keeps those of its own zone from ending and fails the request;
 * those of other zones end ("Enable termination protection"). Ending what has ended is no error.
 */
export const terminateInstances: Operation<'TerminateInstances'> = async (context, request) => {
  const force = (request.Force || request.SkipOsShutdown) ?? false;
  const { changes, kept } = await context.write(async (tx) => {
    const instances = await allOwnedById(tx, context, 'instance', request.InstanceIds);
    const keptZones = new Set(instances.filter(isProtected).map(({ zone }) => zone));
    const done = [];
    for (const before of instances.filter(({ zone }) => !keptZones.has(zone))) {
      done.push(
        stateChange(before, await requestTermination(tx, context, { instance: before, force })),
      );
    }
    return { changes: done, kept: instances.find(isProtected) };
  });
  if (kept) throw refusal(kept);
  return { TerminatingInstances: changes };
};
