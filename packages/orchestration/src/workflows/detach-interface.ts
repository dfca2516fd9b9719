import { secondMs } from '@bakehouse/base';
import {
  type Commit,
  defineWorkflow,
  StepFailure,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';
import * as v from 'valibot';
import type { WorkflowContext } from '../context.ts';
import { applyInstancePolicy } from './apply-policy.ts';
import { failureCodes } from './failures.ts';
import { inputFields, inputReader } from './input.ts';
import { instancePlace } from './instance-record.ts';
import { attachedInterface, endInterfaceAttachment } from './interface-record.ts';
import { publishMetadataWorkflow } from './publish-metadata.ts';

const { attachmentId, instanceId, nicId } = inputFields;

const readInput = inputReader({ nicId, instanceId, attachmentId, force: v.boolean() });
type DetachInterfaceInput = ReturnType<typeof readInput>;

/** True while the attachment that the work is about exists: other work may have ended it. */
async function isAttached(
  { metadata }: WorkflowContext,
  input: DetachInterfaceInput,
): Promise<boolean> {
  return (await metadata.read((reader) => attachedInterface(reader, input))) !== undefined;
}

async function takeCard(
  context: WorkflowContext,
  input: DetachInterfaceInput,
  work: WorkInProgress,
): Promise<void> {
  if (!(await isAttached(context, input))) return;
  const { instanceId, nicId, force } = input;
  try {
    await context.compute.detachNic(instanceId, nicId, force);
  } catch (cause) {
    if (work.signal.aborted) throw cause;
    const message = `the guest of ${instanceId} does not let go of ${nicId}`;
    throw new StepFailure(failureCodes.cardHeld, message, { cause });
  }
}

async function disconnect(
  context: WorkflowContext,
  input: DetachInterfaceInput,
): Promise<Commit | undefined> {
  if (!(await isAttached(context, input))) return undefined;
  await context.network.unplug(input.nicId);
  return async (tx) => {
    await endInterfaceAttachment(tx, input);
    const instance = await tx.get('instance', input.instanceId);
    if (instance?.state !== 'running') return;
    await publishMetadataWorkflow.enqueue(tx, { instanceId: instance.id });
  };
}

/**
 * From `detaching` to an interface that is `available`. Never given up, as the caller was promised it; but while the
 * guest holds on to the card, what waits for the instance comes first: a stop, or a detach that is forced.
 */
export const detachInterfaceWorkflow = defineWorkflow<WorkflowContext, DetachInterfaceInput>({
  kind: 'detach-interface',
  version: 1,
  readInput,
  async place(reader, input) {
    const { lanes, ...place } = await instancePlace(reader, input.instanceId);
    return { ...place, lanes: [...lanes, input.nicId] };
  },
  onFailure: 'retry',
  steps: [
    {
      name: 'machine',
      run: {
        perform: takeCard,
        retry: [{ on: [failureCodes.cardHeld], pauseMs: 2 * secondMs, yields: true }],
      },
    },
    { name: 'network', run: disconnect },
    { name: 'policy', run: applyInstancePolicy },
  ],
});
