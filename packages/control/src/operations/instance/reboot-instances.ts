import { allOwnedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { instanceLanes } from '../../workflows/instance-lanes.ts';
import { rebootInstanceKind } from '../../workflows/reboot-instance.ts';
import { checkState } from './instance-state-change.ts';

const over: readonly string[] = ['shutting-down', 'terminated'];

/** All the named instances reboot, or none does. Asking one that ends or has ended is ignored, as documented. */
export const rebootInstances: Operation<'RebootInstances'> = async (context, request) =>
  await context.write(async (tx) => {
    const all = await allOwnedById(tx, context, 'instance', request.InstanceIds);
    const instances = all.filter(({ state }) => !over.includes(state));
    for (const each of instances) checkState(each, ['running', 'pending'], 'rebooted');
    for (const instance of instances) {
      await tx.enqueue({
        kind: rebootInstanceKind,
        region: context.region,
        lanes: instanceLanes(instance),
        input: { instanceId: instance.id, generation: instance.generation },
      });
    }
    return {};
  });
