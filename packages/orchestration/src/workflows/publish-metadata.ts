import { isDeepStrictEqual } from 'node:util';
import { secondMs } from '@bakehouse/base';
import type { InstanceId, WorkflowId } from '@bakehouse/domain';
import { type Commit, defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import type { OperationContext } from '../operation-context.ts';
import { inputFields, inputReader } from './input.ts';
import { instanceMetadata } from './instance-metadata.ts';
import { readInstanceNetwork } from './instance-network.ts';
import { changeInstance, withSettingsApplied } from './instance-record.ts';

const { instanceId } = inputFields;

const readInput = inputReader({ instanceId });
type PublishMetadataInput = ReturnType<typeof readInput>;

/** What a guest would read now; undefined when no guest runs. */
async function wanted(context: WorkflowContext, instanceId: InstanceId) {
  return await context.metadata.read(async (tx) => {
    const instance = await tx.get('instance', instanceId);
    if (instance?.state !== 'running') return undefined;
    return instanceMetadata(await readInstanceNetwork(tx, instanceId));
  });
}

/**
 * Publishes until that is what the records say: a stop at the same time must not leave metadata behind, nor a change at
 * the same time an older state.
 */
async function publish(
  context: WorkflowContext,
  { instanceId }: PublishMetadataInput,
): Promise<Commit> {
  let metadata = await wanted(context, instanceId);
  while (metadata) {
    await context.publisher.publish(metadata);
    const after = await wanted(context, instanceId);
    if (isDeepStrictEqual(after, metadata)) return markApplied(instanceId);
    if (!after) await withdrawUnlessStarting(context, instanceId);
    metadata = after;
  }
  return markApplied(instanceId);
}

async function withdrawUnlessStarting(context: WorkflowContext, instanceId: InstanceId) {
  const instance = await context.metadata.read((tx) => tx.get('instance', instanceId));
  if (instance?.state !== 'pending') await context.publisher.withdraw(instanceId);
}

/** Without a guest there is nothing to wait for; an instance that starts is marked at the end of its start. */
const markApplied =
  (instanceId: InstanceId): Commit =>
  (tx) =>
    changeInstance(tx, instanceId, (instance) =>
      instance.state === 'pending' ? instance : withSettingsApplied(instance),
    );

/**
 * Brings what a running guest reads about itself in line with the records. It runs beside other work on the instance, so
 * that it is quick; but a pending instance may have published its metadata already, so there it waits for the start.
 */
export const publishMetadataWorkflow = defineWorkflow<WorkflowContext, PublishMetadataInput>({
  kind: 'publish-metadata',
  version: 1,
  readInput,
  async place(reader, { instanceId }) {
    const instance = await reader.get('instance', instanceId);
    const isStarting = instance?.state === 'pending';
    const lanes = [...(isStarting ? [instanceId] : []), `${instanceId}/metadata`];
    if (!instance) return { region: '', lanes };
    return { region: instance.region, hostId: instance.hostId, lanes };
  },
  onFailure: 'retry',
  steps: [{ name: 'publish', run: publish }],
});

/** Waits until the guest can read the change, within reason: the work itself goes on until it is done. */
export async function published(
  context: Pick<OperationContext, 'reached'>,
  workflowId: WorkflowId | undefined,
): Promise<void> {
  if (workflowId) await context.reached(workflowId, 'publish', 5 * secondMs);
}
