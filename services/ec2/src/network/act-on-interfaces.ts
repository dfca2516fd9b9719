import type { WorkflowId } from '@bakehouse/domain';
import {
  type OperationContext,
  published,
  publishMetadataWorkflow,
} from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { enforcePolicy } from './enforce-policy.ts';

/** What a transaction did: the interfaces whose addresses or groups it changed, and what it returns. */
export interface InterfaceChange<Result> {
  readonly nicIds: readonly string[];
  readonly result: Result;
}

/** Begins to publish the metadata of the instances that have these interfaces. Returns the work for running ones. */
async function publishFor(
  tx: ControlTransaction,
  nicIds: readonly string[],
): Promise<readonly WorkflowId[]> {
  const nics = await tx.getMany('networkInterface', [...new Set(nicIds)]);
  const instanceIds = new Set(nics.flatMap((nic) => nic?.attachment?.instanceId ?? []));
  const work: WorkflowId[] = [];
  for (const instanceId of instanceIds) {
    const instance = await tx.get('instance', instanceId);
    if (instance?.state !== 'running' && instance?.state !== 'pending') continue;
    const id = await publishMetadataWorkflow.enqueue(tx, { instanceId });
    if (instance.state === 'running') work.push(id);
  }
  return work;
}

/**
 * Changes interfaces in one transaction. When this resolves, the change is in force and running guests can read it;
 * one that starts reads it at the end of its start.
 */
export async function actOnInterfaces<Result>(
  context: OperationContext,
  change: (tx: ControlTransaction) => Promise<InterfaceChange<Result>>,
): Promise<Result> {
  const { result, work } = await context.write(async (tx) => {
    const changed = await change(tx);
    return { result: changed.result, work: await publishFor(tx, changed.nicIds) };
  });
  await enforcePolicy(context);
  for (const id of work) await published(context, id);
  return result;
}
