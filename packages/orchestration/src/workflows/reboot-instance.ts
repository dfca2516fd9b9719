import { minuteMs, secondMs } from '@bakehouse/base';
import { defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { inputFields, inputReader } from './input.ts';
import { wholeInstancePlace } from './instance-record.ts';
import { hasMachine } from './machine-exit.ts';

const { generation, instanceId } = inputFields;

const readInput = inputReader({ instanceId, generation });
type RebootInstanceInput = ReturnType<typeof readInput>;

/** How long a guest may take to shut down before it is reset. EC2 says "a few minutes". */
const rebootLimitMs = 2 * minuteMs;
const lookEveryMs = secondMs;

async function isWanted(
  { metadata }: Pick<WorkflowContext, 'metadata'>,
  { instanceId, generation }: RebootInstanceInput,
): Promise<boolean> {
  const instance = await metadata.read((tx) => tx.get('instance', instanceId));
  return instance?.state === 'running' && instance.generation === generation;
}

/** Aborts when the instance is to stop or end: that must not wait for a guest that does not obey. */
async function abortWhenUnwanted(
  context: WorkflowContext,
  input: RebootInstanceInput,
  { unwanted, done }: { unwanted: AbortController; done: AbortSignal },
): Promise<void> {
  while (await isWanted(context, input)) await context.clock.sleep(lookEveryMs, done);
  unwanted.abort(new Error(`${input.instanceId} is to run no longer`));
}

async function reboot(
  context: WorkflowContext,
  input: RebootInstanceInput,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  if (!(await isWanted(context, input))) return;
  if (!(await hasMachine(context, input.instanceId))) return;
  const unwanted = new AbortController();
  const done = new AbortController();
  const watching = abortWhenUnwanted(context, input, {
    unwanted,
    done: AbortSignal.any([done.signal, signal]),
  }).catch(() => {});
  try {
    await context.compute.reboot(input.instanceId, {
      limitMs: rebootLimitMs,
      signal: AbortSignal.any([unwanted.signal, signal]),
    });
  } catch (error) {
    if (signal.aborted || (await isWanted(context, input))) throw error;
  } finally {
    done.abort();
    await watching;
  }
}

/** The guest boots again in its machine. One that has ended meanwhile is left alone. */
export const rebootInstanceWorkflow = defineWorkflow<WorkflowContext, RebootInstanceInput>({
  kind: 'reboot-instance',
  version: 1,
  readInput,
  place: (reader, { instanceId }) => wholeInstancePlace(reader, instanceId),
  onFailure: 'retry',
  steps: [{ name: 'reboot', run: reboot }],
});
