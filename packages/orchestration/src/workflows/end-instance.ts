import { minuteMs, secondMs } from '@bakehouse/base';
import type { Instance, InstanceId, MetadataReader } from '@bakehouse/domain';
import {
  type Commit,
  type ControlTransaction,
  defineWorkflow,
  type WorkflowDefinition,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';
import * as v from 'valibot';
import type { WorkflowContext } from '../context.ts';
import { applyInstancePolicy } from './apply-policy.ts';
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
const stopGraceMs = 2 * minuteMs;
const keptVolumesGraceMs = 10 * secondMs;

/**
 * A termination ends the guest at once: what is deleted need not be clean. A guest that is up may first write what it
 * holds to volumes that are kept; one that still boots does not hear the power button. docs/decisions/0020 has why.
 */
function terminationGraceMs(instance: Instance | undefined): number {
  const isKept = instance?.volumes.some((volume) => !volume.deleteOnTermination);
  return isKept && instance?.status?.instance === 'ok' ? keptVolumesGraceMs : 0;
}

type GraceOf = (input: EndInstanceInput) => number;

async function readGrace(
  { metadata }: Pick<WorkflowContext, 'metadata'>,
  instanceId: InstanceId,
): Promise<GraceOf> {
  const instance = await metadata.read((tx) => tx.get('instance', instanceId));
  const graceMs = { stopped: stopGraceMs, terminated: terminationGraceMs(instance) };
  return ({ force, end }) => (force ? 0 : graceMs[end.state]);
}

/** The shortest limit of all that was asked for: a terminate or a forced stop does not wait for a stop. */
function shortestGraceMs(
  input: EndInstanceInput,
  graceOf: GraceOf,
  { waitingBehind }: WorkInProgress,
): number {
  const later = waitingBehind().flatMap((row) => endInstanceWorkflow.inputOf(row) ?? []);
  const sameInstance = later.filter(({ instanceId }) => instanceId === input.instanceId);
  return Math.min(...[input, ...sameInstance].map(graceOf));
}

/** With `halt` the machine stays until its disks have been read. */
async function endMachine(
  context: WorkflowContext,
  input: EndInstanceInput,
  { work, halt }: { work: WorkInProgress; halt: boolean },
): Promise<void> {
  const { compute } = context;
  const { instanceId } = input;
  const graceOf = await readGrace(context, instanceId);
  const limitMs = graceOf(input);
  if (limitMs === 0 && halt) return await compute.halt(instanceId, { now: true });
  if (limitMs === 0) return await compute.kill(instanceId);
  await shutDown(context, instanceId, {
    limitMs,
    signal: work.signal,
    shorterLimitMs: () => shortestGraceMs(input, graceOf, work),
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
      { name: 'policy', run: applyInstancePolicy },
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
