import { allEnded } from '@bakehouse/base';
import {
  type DiskBacking,
  type Instance,
  lacksInstant,
  type MetadataReader,
  type VolumeId,
} from '@bakehouse/domain';
import {
  type Commit,
  defineWorkflow,
  StepFailure,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';
import * as v from 'valibot';
import type { WorkflowContext } from '../context.ts';
import { simulatedReason } from '../simulated-reason.ts';
import { applyInstancePolicy } from './apply-policy.ts';
import { failureCodes } from './failures.ts';
import { inputFields, inputReader } from './input.ts';
import { type InstanceNetwork, instanceMetadata } from './instance-metadata.ts';
import { nicOf, readInstanceNetwork } from './instance-network.ts';
import { changeInstance, wholeInstancePlace, withSettingsApplied } from './instance-record.ts';
import { launchMark, shownMarks } from './launch-marks.ts';
import { areRestoredFast, makeDisk, noteFastRestore } from './make-disk.ts';
import { releaseInstance } from './release-instance.ts';
import { startMachine } from './start-machine.ts';
import { stateReasonOf } from './state-reason.ts';
import { wakeHydration } from './volume-record.ts';
import type { HostResource } from './widths.ts';

const { generation, instanceId } = inputFields;

const readInput = inputReader({
  instanceId,
  generation,
  /** True for RunInstances: a failure ends the instance. False for StartInstances: it stays stopped. */
  firstLaunch: v.boolean(),
});
type StartInstanceInput = ReturnType<typeof readInput>;

/** A fork without the memory and the disks that it was made for must not boot as something else. */
function requireInstant(instance: Instance): void {
  if (!lacksInstant(instance)) return;
  const message = `it has not got the memory and the disks of ${instance.forkedFrom?.instanceId}`;
  throw new StepFailure(failureCodes.notForked, message);
}

/**
 * Reads what a step needs, unless the start was overtaken by a stop or terminate. Those wait for it in the instance's
 * lane, so that it does nothing more.
 */
async function readWhilePending<Facts>(
  { metadata }: WorkflowContext,
  { instanceId, generation }: StartInstanceInput,
  read: (reader: MetadataReader, instance: Instance) => Promise<Facts>,
): Promise<Facts | undefined> {
  return await metadata.read(async (reader) => {
    const instance = await reader.get('instance', instanceId);
    if (instance?.state !== 'pending' || instance.generation !== generation) return undefined;
    requireInstant(instance);
    return await read(reader, instance);
  });
}

const pendingNetwork = (
  context: WorkflowContext,
  input: StartInstanceInput,
): Promise<InstanceNetwork | undefined> =>
  readWhilePending(context, input, (reader, { id }) => readInstanceNetwork(reader, id));

/** The overlays of the instance's volumes: made for a launch, found for a start. */
async function createDisks(
  context: WorkflowContext,
  input: StartInstanceInput,
  work: WorkInProgress,
): Promise<Commit | undefined> {
  const volumes = await readWhilePending(context, input, (reader, instance) =>
    Promise.all(instance.volumes.map(({ volumeId }) => reader.get('volume', volumeId))),
  );
  const made: { volumeId: VolumeId; backing: DiskBacking }[] = [];
  for (const volume of volumes ?? []) {
    if (volume) made.push({ volumeId: volume.id, backing: await makeDisk(context, volume) });
  }
  const hot = made.filter(({ backing }) => backing === 'hot').map(({ volumeId }) => volumeId);
  if (!input.firstLaunch || hot.length === 0) return undefined;
  work.mark(launchMark.hot);
  // Launches commit no more than they must.
  if (!(await context.metadata.read((reader) => areRestoredFast(reader, hot)))) return undefined;
  return async (tx) => {
    for (const volumeId of hot) await noteFastRestore(tx, volumeId, 'hot');
  };
}

/**
 * The policy comes before the ports: it may name what is not plugged, and each port is made together with what may pass
 * it, in one change. When this resolves, nothing passes that the policy does not let through.
 */
async function connect(
  context: WorkflowContext,
  input: StartInstanceInput,
  work: WorkInProgress,
): Promise<void> {
  const facts = await pendingNetwork(context, input);
  if (!facts) return;
  await context.policy.apply(facts.instance.vpcId);
  work.mark(launchMark.rules);
  await allEnded(facts.interfaces.map((each) => context.network.plug(nicOf(each))));
}

async function publishMetadata(context: WorkflowContext, input: StartInstanceInput): Promise<void> {
  const facts = await pendingNetwork(context, input);
  if (facts) await context.publisher.publish(instanceMetadata(facts));
}

async function boot(context: WorkflowContext, input: StartInstanceInput): Promise<void> {
  const isPending = await readWhilePending(context, input, async () => true);
  if (isPending) await startMachine(context, input);
}

async function markRunning(
  context: WorkflowContext,
  input: StartInstanceInput,
  { createdAt: plannedAt, marks }: WorkInProgress,
): Promise<Commit> {
  const { instanceId, generation, firstLaunch } = input;
  if (firstLaunch) {
    const instance = await context.metadata.read((tx) => tx.get('instance', instanceId));
    await wakeHydration(context, instance?.volumes.map(({ volumeId }) => volumeId) ?? []);
  }
  const bootingSince = context.clock.now();
  return (tx) =>
    changeInstance(tx, instanceId, (instance) => {
      if (instance.state !== 'pending') return instance;
      const { stateReason: _, ...rest } = withSettingsApplied(instance);
      return {
        ...rest,
        state: 'running',
        stateTransitionReason: '',
        ...simulatedReason(context.settings),
        status: { system: 'initializing', instance: 'initializing', bootingSince },
        launchTimes: { generation, plannedAt, marks: shownMarks(marks) },
      };
    });
}

/** A start that failed: a new instance ends, an old one stays stopped, and both say why. */
async function giveUp(
  context: WorkflowContext,
  { instanceId, firstLaunch }: StartInstanceInput,
  { failure }: WorkInProgress,
): Promise<Commit | undefined> {
  const stateReason = stateReasonOf(failure);
  const end = { stateReason, stateTransitionReason: stateReason.code };
  return await releaseInstance(context, {
    instanceId,
    end: { ...end, state: firstLaunch ? 'terminated' : 'stopped' },
    failedLaunch: firstLaunch,
  });
}

/** From a committed `pending` record to a machine that runs. */
export const startInstanceWorkflow = defineWorkflow<
  WorkflowContext,
  StartInstanceInput,
  HostResource
>({
  kind: 'start-instance',
  version: 1,
  readInput,
  place: (reader, { instanceId }) => wholeInstancePlace(reader, instanceId),
  onFailure: 'unwind',
  steps: [
    // Undone last: the policy without the interface that `intent` gave up.
    { name: 'policy', undo: applyInstancePolicy },
    { name: 'intent', undo: giveUp },
    { name: launchMark.disks, uses: 'disk', run: createDisks },
    { name: launchMark.network, run: connect },
    { name: launchMark.metadata, run: publishMetadata },
    {
      name: 'machine',
      uses: 'boot',
      run: boot,
      undo: (context, { instanceId }) => context.compute.kill(instanceId),
    },
    { name: 'running', run: markRunning },
  ],
});
