import { minuteMs } from '@bakehouse/base';
import type { Instance, InstanceId, MetadataReader } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow, type WorkInProgress } from '../workflow/definition.ts';
import type { ControlTransaction } from '../workflow/transaction.ts';
import { instanceLanes } from './instance-lanes.ts';
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

interface EndingMachine extends WorkInProgress {
  /** The machine stands until its disks have been read. */
  readonly halt: boolean;
}

async function endMachine(
  context: WorkflowContext,
  input: EndInstanceInput,
  { signal, halt }: EndingMachine,
): Promise<void> {
  const { compute } = context;
  const { instanceId, force, end } = input;
  if (force && halt) return await compute.halt(instanceId, { now: true });
  if (force) return await compute.kill(instanceId);
  await shutDown(context, instanceId, {
    limitMs: shutdownLimitMs[end.state],
    signal,
    hurry: () => shortestLimitMs(context, instanceId),
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

/** Stop and terminate: the machine goes, then what it had. Never undone: it is tried until it is done. */
export const endInstance = defineWorkflow<WorkflowContext, EndInstanceInput>({
  kind: endInstanceKind,
  onFailure: 'retry',
  steps: [
    {
      name: 'machine',
      async run(context, input, work) {
        if (!(await isWanted(context, input))) return;
        await endMachine(context, input, { ...work, halt: false });
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

export const haltMachineKind = 'halt-machine';

/** What cannot be halted is ended by the work behind this, when the disks are free. */
async function tryHalt(context: WorkflowContext, input: EndInstanceInput, work: WorkInProgress) {
  if (!(await isWanted(context, input))) return;
  try {
    await endMachine(context, input, { ...work, halt: true });
  } catch (error) {
    if (work.signal.aborted) throw error;
    context.logger.log('warn', 'a guest could not be halted', { ...input, error });
  }
}

/** The guest ends at once while snapshots of its volumes are still being read through its machine. */
export const haltMachine = defineWorkflow<WorkflowContext, EndInstanceInput>({
  kind: haltMachineKind,
  onFailure: 'retry',
  steps: [{ name: 'halt', run: tryHalt }],
});

async function isBeingCaptured(tx: MetadataReader, { volumes }: Instance): Promise<boolean> {
  for (const { volumeId } of volumes) {
    const where = { volume: [volumeId], state: ['pending'] };
    if ((await tx.list('snapshot', { where })).length > 0) return true;
  }
  return false;
}

/**
 * Begins the end of an instance. The end takes its volumes, so it waits for snapshots that are being taken of
 * them; the guest does not.
 */
export async function enqueueEnd(
  tx: ControlTransaction,
  instance: Instance,
  { force, end }: Pick<EndInstanceInput, 'force' | 'end'>,
): Promise<void> {
  const { id: instanceId, region } = instance;
  const input = { instanceId, force, end };
  if (await isBeingCaptured(tx, instance)) {
    await tx.enqueue({ kind: haltMachineKind, region, lanes: [instanceId], input });
  }
  await tx.enqueue({ kind: endInstanceKind, region, lanes: instanceLanes(instance), input });
}
