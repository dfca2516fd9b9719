import { isDeepStrictEqual } from 'node:util';
import { secondMs } from '@bakehouse/base';
import type { Instance, InstanceId, WorkflowId } from '@bakehouse/domain';
import type { OperationContext, WorkflowContext } from '../context.ts';
import { instanceMetadata } from '../views/instance-metadata.ts';
import { defineWorkflow } from '../workflow/definition.ts';
import type { ControlTransaction } from '../workflow/transaction.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { changeInstance } from './instance-record.ts';

export interface PublishMetadataInput {
  readonly instanceId: InstanceId;
}

export const publishMetadataKind = 'publish-metadata';

/** What a guest would read now; undefined when no guest runs. */
async function wanted(context: WorkflowContext, instanceId: InstanceId) {
  return await context.metadata.read(async (tx) => {
    const instance = await tx.get('instance', instanceId);
    if (instance?.state !== 'running') return undefined;
    return instanceMetadata(await readInstanceFacts(tx, instanceId));
  });
}

/**
 * Publishes until what was published is what the records say: a stop beside it must not leave metadata
 * behind, nor a change beside it an older state.
 */
async function publish(context: WorkflowContext, { instanceId }: PublishMetadataInput) {
  let metadata = await wanted(context, instanceId);
  while (metadata) {
    await context.publisher.publish(metadata);
    const after = await wanted(context, instanceId);
    if (isDeepStrictEqual(after, metadata)) return await markApplied(context, instanceId);
    if (!after) await withdrawUnlessStarting(context, instanceId);
    metadata = after;
  }
}

async function withdrawUnlessStarting(context: WorkflowContext, instanceId: InstanceId) {
  const instance = await context.metadata.read((tx) => tx.get('instance', instanceId));
  if (instance?.state !== 'pending') await context.publisher.withdraw(instanceId);
}

async function markApplied(context: WorkflowContext, instanceId: InstanceId): Promise<void> {
  await changeInstance(context, instanceId, (instance) => ({
    ...instance,
    metadataOptions: { ...instance.metadataOptions, state: 'applied' },
  }));
}

/** Brings what a running guest reads of itself in line with the records. */
export const publishMetadata = defineWorkflow<WorkflowContext, PublishMetadataInput>({
  kind: publishMetadataKind,
  onFailure: 'retry',
  steps: [{ name: 'publish', run: publish }],
});

/**
 * Enqueues that for a change of this transaction. Beside other work on the instance, so that it is quick; but a
 * pending instance has published its metadata already or not, so its turn comes behind the start.
 */
export async function enqueuePublish(
  tx: ControlTransaction,
  { id: instanceId, region, state }: Pick<Instance, 'id' | 'region' | 'state'>,
): Promise<WorkflowId> {
  const lanes = [...(state === 'pending' ? [instanceId] : []), `${instanceId}/metadata`];
  return await tx.enqueue({ kind: publishMetadataKind, region, lanes, input: { instanceId } });
}

/** Waits until the guest can read the change, within reason: the work itself goes on until it is done. */
export async function published(
  context: Pick<OperationContext, 'reached'>,
  workflowId: WorkflowId | undefined,
): Promise<void> {
  if (workflowId) await context.reached(workflowId, 'publish', 5 * secondMs);
}
