import type { NetworkInterface, WorkflowId } from '@bakehouse/domain';
import {
  type OperationContext,
  published,
  publishMetadataWorkflow,
} from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { enforcePolicy } from './enforce-policy.ts';

/**
 * Begins to publish the metadata of the instances that have these interfaces. Returns the work for running ones. Guests
 * of another host read it when its server starts them again.
 */
export async function republish(
  tx: ControlTransaction,
  { settings }: Pick<OperationContext, 'settings'>,
  nics: readonly (NetworkInterface | undefined)[],
): Promise<readonly WorkflowId[]> {
  const ids = new Set(nics.flatMap((nic) => nic?.attachment?.instanceId ?? []));
  const work: WorkflowId[] = [];
  for (const instance of await tx.getMany('instance', [...ids])) {
    if (instance?.hostId !== settings.hostId) continue;
    if (instance.state !== 'pending' && instance.state !== 'running') continue;
    const id = await publishMetadataWorkflow.enqueue(tx, { instanceId: instance.id });
    if (instance.state === 'running') work.push(id);
  }
  return work;
}

/** Puts what was committed into force, and waits for `work` of `republish`: for many guests as long as for one. */
export async function actsNow(
  context: OperationContext,
  work: readonly WorkflowId[],
): Promise<void> {
  await enforcePolicy(context);
  await Promise.all(work.map((id) => published(context, id)));
}
