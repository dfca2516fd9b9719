import type { Instance, InstanceId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';

/** Changes the instance's record in a transaction of its own; a record that is gone stays gone. */
export async function changeInstance(
  context: Pick<WorkflowContext, 'metadata'>,
  instanceId: InstanceId,
  change: (instance: Instance) => Instance,
): Promise<void> {
  await context.metadata.write(async (tx) => {
    const instance = await tx.get('instance', instanceId);
    if (instance) await tx.put('instance', change(instance));
  });
}
