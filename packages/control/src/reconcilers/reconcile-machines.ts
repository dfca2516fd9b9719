import type { WorkflowContext } from '../context.ts';
import { enqueueExit } from './machine-events.ts';

/**
 * Compares records with machines, at start: an instance that should run and has no machine ended while
 * nobody looked; a machine whose instance has ended, or is unknown, is ended too.
 */
export async function reconcileMachines(context: WorkflowContext): Promise<void> {
  const machines = new Map((await context.compute.list()).map((each) => [each.instanceId, each]));
  const instances = await context.metadata.read((tx) => tx.list('instance'));
  for (const { id, state, generation } of instances) {
    if (state !== 'running' || machines.has(id)) continue;
    const detail = 'it was gone when the control plane started';
    await enqueueExit(context, { instanceId: id, generation, reason: 'crashed', detail });
  }
  const wanted = new Set(instances.filter((i) => i.state !== 'terminated').map((i) => i.id));
  for (const instanceId of machines.keys()) {
    if (wanted.has(instanceId)) continue;
    context.logger.log('warn', 'ending a machine without an instance', { instanceId });
    await context.compute.kill(instanceId);
    await context.compute.forget(instanceId);
  }
}
