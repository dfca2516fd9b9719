import { minuteMs } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow, type WorkInProgress } from '../workflow/definition.ts';
import { shutDown } from './machine-exit.ts';
import { type EndState, releaseInstance } from './release-instance.ts';

export interface EndInstanceInput {
  readonly instanceId: InstanceId;
  /** Pulls the plug instead of pressing the power button. */
  readonly force: boolean;
  readonly end: EndState;
}

export const endInstanceKind = 'end-instance';

/** How long a guest may take to shut down before it is forced. */
export const shutdownLimitMs = { stopped: 2 * minuteMs, terminated: minuteMs / 2 };

const limitOf = ({ force, end }: EndInstanceInput) => (force ? 0 : shutdownLimitMs[end.state]);

/** The shortest limit of all that was asked for: a terminate or a forced stop does not wait for a stop. */
async function shortestLimitMs(
  { metadata }: WorkflowContext,
  instanceId: InstanceId,
): Promise<number> {
  const workflows = await metadata.read((tx) => tx.list('workflow'));
  const ends = workflows
    .filter(({ kind, input }) => kind === endInstanceKind && input.instanceId === instanceId)
    // The kind says what the input is.
    .map(({ input }) => limitOf(input as unknown as EndInstanceInput));
  return Math.min(...ends);
}

async function endMachine(
  context: WorkflowContext,
  input: EndInstanceInput,
  { signal }: WorkInProgress,
): Promise<void> {
  const { instanceId, force, end } = input;
  if (force) return await context.compute.kill(instanceId);
  await shutDown(context, instanceId, {
    limitMs: shutdownLimitMs[end.state],
    signal,
    hurry: () => shortestLimitMs(context, instanceId),
  });
}

const endingState = { stopped: 'stopping', terminated: 'shutting-down' } as const;

/** False when the instance has been started since, or a termination has taken over: this end is history. */
async function isWanted(
  { metadata }: WorkflowContext,
  { instanceId, end }: EndInstanceInput,
): Promise<boolean> {
  const instance = await metadata.read((tx) => tx.get('instance', instanceId));
  return instance?.state === endingState[end.state];
}

/** Stop and terminate: the machine goes, then what it had. Never undone: it is tried until it is done. */
export const endInstance = defineWorkflow<WorkflowContext, EndInstanceInput>({
  kind: endInstanceKind,
  onFailure: 'retry',
  steps: [
    {
      name: 'machine',
      async run(context, input, work) {
        if (await isWanted(context, input)) await endMachine(context, input, work);
      },
    },
    {
      name: 'release',
      async run(context, input) {
        const { instanceId, end } = input;
        if (await isWanted(context, input)) await releaseInstance(context, { instanceId, end });
      },
    },
  ],
});
