import { checkState } from '@bakehouse/domain';
import { rebootInstanceWorkflow } from '@bakehouse/orchestration';
import { allOwnedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

const over: readonly string[] = ['shutting-down', 'terminated'];

/** All the named instances reboot, or none does. Asking one that ends or has ended is ignored, as EC2 documents it. */
export const rebootInstances: Operation<'RebootInstances'> = async (context, request) =>
  await context.write(async (tx) => {
    const all = await allOwnedById(tx, context, 'instance', request.InstanceIds);
    for (const each of all) checkState('instance', each, 'RebootInstances');
    for (const { id: instanceId, generation } of all.filter(({ state }) => !over.includes(state))) {
      await rebootInstanceWorkflow.enqueue(tx, { instanceId, generation });
    }
    return {};
  });
