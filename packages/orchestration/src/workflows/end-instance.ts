import { minuteMs } from '@bakehouse/base';
import type { Instance, MetadataReader } from '@bakehouse/domain';
import {
  type Commit,
  type ControlTransaction,
  defineWorkflow,
  type WorkflowDefinition,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';
import * as v from 'valibot';
import type { WorkflowContext } from '../context.ts';
import { inputFields, inputReader } from './input.ts';
import { instancePlace, wholeInstancePlace } from './instance-record.ts';
import { shutDown } from './machine-exit.ts';
import { releaseInstance } from './release-instance.ts';

const { instanceId } = inputFields;

const readInput = inputReader({
  instanceId,
  /** Pulls the plug instead of pressing the power button. */
  force: v.boolean(),
  end: v.strictObject({
    state: v.picklist(['stopped', 'terminated']),
    stateTransitionReason: v.exactOptional(v.string()),
    stateReason: v.exactOptional(v.strictObject({ code: v.string(), message: v.string() })),
  }),
});
type EndInstanceInput = ReturnType<typeof readInput>;

/** How long a guest may take to shut down before it is forced. */
const shutdownLimitMs = { stopped: 2 * minuteMs, terminated: minuteMs / 2 };

const limitOf = ({ force, end }: EndInstanceInput) => (force ? 0 : shutdownLimitMs[end.state]);

/** The shortest limit of all that was asked for: a terminate or a forced stop does not wait for a stop. */
function shortestLimitMs(input: EndInstanceInput, { waitingBehind }: WorkInProgress): number {
  const later = waitingBehind().flatMap((row) => endInstanceWorkflow.inputOf(row) ?? []);
  const sameInstance = later.filter(({ instanceId }) => instanceId === input.instanceId);
  return Math.min(...[input, ...sameInstance].map(limitOf));
}

/** With `halt` the machine stays until its disks have been read. */
async function endMachine(
  context: WorkflowContext,
  input: EndInstanceInput,
  { work, halt }: { work: WorkInProgress; halt: boolean },
): Promise<void> {
  const { compute } = context;
  const { instanceId, force, end } = input;
  if (force && halt) return await compute.halt(instanceId, { now: true });
  if (force) return await compute.kill(instanceId);
  await shutDown(context, instanceId, {
    limitMs: shutdownLimitMs[end.state],
    signal: work.signal,
    shorterLimitMs: () => shortestLimitMs(input, work),
    halt,
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

async function release(
  context: WorkflowContext,
  input: EndInstanceInput,
): Promise<Commit | undefined> {
  const { instanceId, end } = input;
  if (!(await isWanted(context, input))) return undefined;
  return await releaseInstance(context, { instanceId, end });
}

/** Stop and terminate: the machine ends, then what it had is released. Never undone: it is tried until it is done. */
export const endInstanceWorkflow: WorkflowDefinition<WorkflowContext, EndInstanceInput> =
  defineWorkflow<WorkflowContext, EndInstanceInput>({
    kind: 'end-instance',
    version: 1,
    readInput,
    place: (reader, { instanceId }) => wholeInstancePlace(reader, instanceId),
    onFailure: 'retry',
    steps: [
      {
        name: 'machine',
        async run(context, input, work) {
          if (await isWanted(context, input))
            await endMachine(context, input, { work, halt: false });
        },
      },
      { name: 'release', run: release },
      { name: 'policy', run: (context) => context.policy.apply() },
    ],
  });

/**
 * The guest ends at once while snapshots of its volumes are still being read through its machine. What cannot be halted
 * is ended by the work behind this one, when the disks are free.
 */
export const haltMachineWorkflow = defineWorkflow<WorkflowContext, EndInstanceInput>({
  kind: 'halt-machine',
  version: 1,
  readInput,
  place: (reader, { instanceId }) => instancePlace(reader, instanceId),
  onFailure: 'retry',
  steps: [
    {
      name: 'halt',
      run: {
        async perform(context, input, work) {
          if (await isWanted(context, input))
            await endMachine(context, input, { work, halt: true });
        },
        fallback: async () => {},
      },
    },
  ],
});

async function isBeingCaptured(tx: MetadataReader, { volumes }: Instance): Promise<boolean> {
  for (const { volumeId } of volumes) {
    const where = { volume: [volumeId], state: ['pending'] };
    if ((await tx.list('snapshot', { where })).length > 0) return true;
  }
  return false;
}

/**
 * Begins the end of an instance. The end has the instance's volumes for itself, so it waits for snapshots that are being
 * taken of them; the guest does not.
 */
export async function enqueueEnd(
  tx: ControlTransaction,
  instance: Instance,
  { force, end }: Pick<EndInstanceInput, 'force' | 'end'>,
): Promise<void> {
  const input = { instanceId: instance.id, force, end };
  if (await isBeingCaptured(tx, instance)) await haltMachineWorkflow.enqueue(tx, input);
  await endInstanceWorkflow.enqueue(tx, input);
}
