import { MiB, minuteMs } from '@bakehouse/base';
import {
  type ForkedMachine,
  type Instance,
  type InstanceId,
  type MachineSpec,
  MemoryNotKeptError,
  type MetadataReader,
  type Volume,
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
import { failureCodes } from './failures.ts';
import { inputFields, inputReader } from './input.ts';
import { changeInstance, wholeInstancePlace } from './instance-record.ts';
import { makeDisk } from './make-disk.ts';
import { releaseInstance } from './release-instance.ts';
import { runningMachine } from './start-machine.ts';
import { stateReasonOf } from './state-reason.ts';
import { whileWanted } from './while-wanted.ts';
import type { HostResource } from './widths.ts';

/** For the copies of disks, which may be large, and of memory. */
const forkLimitMs = 10 * minuteMs;

const readInput = inputReader({
  instanceId: inputFields.instanceId,
  forkIds: v.array(inputFields.instanceId),
});
type ForkInput = ReturnType<typeof readInput>;

interface Fork {
  readonly machine: ForkedMachine;
  readonly volumes: readonly Volume[];
  /** Nobody has ended it meanwhile. */
  readonly isPending: boolean;
}

interface Forking {
  readonly parent: Instance;
  readonly spec: MachineSpec;
  readonly forks: readonly Fork[];
}

async function volumesOf(reader: MetadataReader, { volumes }: Instance): Promise<Volume[]> {
  const found = await Promise.all(volumes.map(({ volumeId }) => reader.get('volume', volumeId)));
  return found.filter((volume) => volume !== undefined);
}

/** Each disk of a fork gets the content of the one with its device name. */
async function readFork(reader: MetadataReader, parent: Instance, fork: Instance): Promise<Fork> {
  const disks = fork.volumes.flatMap(({ deviceName, volumeId: copyId }) => {
    const source = parent.volumes.find((each) => each.deviceName === deviceName);
    return source ? { volumeId: source.volumeId, copyId } : [];
  });
  const volumes = await volumesOf(reader, fork);
  const isPending = fork.state === 'pending';
  return { machine: { instanceId: fork.id, disks }, volumes, isPending };
}

/** The parent and its forks; undefined where there is no parent. */
async function readForking(
  { metadata }: Pick<WorkflowContext, 'metadata'>,
  { instanceId, forkIds }: ForkInput,
): Promise<Forking | undefined> {
  return await metadata.read(async (reader) => {
    const parent = await reader.get('instance', instanceId);
    if (!parent) return undefined;
    const forks: Fork[] = [];
    for (const id of forkIds) {
      const fork = await reader.get('instance', id);
      if (fork) forks.push(await readFork(reader, parent, fork));
    }
    return { parent, forks, spec: await runningMachine(reader, parent) };
  });
}

/** What an earlier try has left is removed, in the parent's machine first, as that may have the disks open. */
async function makeEmptyDisks(context: WorkflowContext, { parent, forks }: Forking): Promise<void> {
  await context.compute.endFork(
    parent.id,
    forks.map(({ machine }) => machine),
  );
  for (const { volumeId } of parent.volumes) {
    await context.volumes.endHydration(volumeId, parent.id);
  }
  for (const volume of forks.flatMap(({ volumes, isPending }) => (isPending ? volumes : []))) {
    await context.volumes.remove(volume.id);
    await makeDisk(context, volume);
  }
}

/** Each fork gets what was written to the disks, and until it has started, memory, most of which may be in use. */
async function checkRoom(
  { guestRoom, volumes }: WorkflowContext,
  { parent, spec }: Forking,
  count: number,
): Promise<void> {
  if (!guestRoom) return;
  const sizes = parent.volumes.map(({ volumeId }) => volumes.localBytes(volumeId));
  const diskBytes = (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
  const neededBytes = count * (diskBytes + spec.memoryMiB * MiB);
  // Memory may be on another file system than the disks: then there is more room than this asks for.
  const [disks] = await guestRoom.look();
  if (!disks) return;
  const roomBytes = Math.max(0, disks.freeBytes - disks.reservedBytes);
  if (neededBytes <= roomBytes) return;
  const inMiB = (bytes: number) => `${Math.ceil(bytes / MiB)} MiB`;
  throw new StepFailure(
    failureCodes.noDiskRoom,
    `the disk of ${disks.path} has room for ${inMiB(roomBytes)} beside its reserve, and the forks may need ${inMiB(neededBytes)}`,
  );
}

const notForked = (message: string, options?: ErrorOptions) =>
  new StepFailure(failureCodes.notForked, message, options);

/** While the instance runs, somebody has a use for its forks. */
async function isWanted(reader: MetadataReader, { instanceId, forkIds }: ForkInput) {
  if ((await reader.get('instance', instanceId))?.state !== 'running') return false;
  const forks = await Promise.all(forkIds.map((id) => reader.get('instance', id)));
  return forks.some((fork) => fork?.state === 'pending');
}

/** The instance whose fork has this volume, or its copy, for itself. */
export async function forkAt(
  reader: MetadataReader,
  volumeId: VolumeId,
): Promise<InstanceId | undefined> {
  const rows = await reader.list('workflow');
  const atVolume = rows.filter(({ lanes }) => lanes.includes(volumeId));
  return atVolume.flatMap((row) => forkInstanceWorkflow.inputOf(row)?.instanceId ?? [])[0];
}

interface Copied {
  /** The forks that were wanted. */
  readonly forkIds: readonly InstanceId[];
  readonly instant: NonNullable<NonNullable<Instance['forkedFrom']>['instant']>;
}

async function copy(
  context: WorkflowContext,
  input: ForkInput,
  signal: AbortSignal,
): Promise<Copied> {
  const forking = await readForking(context, input);
  if (!forking) throw notForked('its instance no longer exists');
  const forks = forking.forks.flatMap(({ machine, isPending }) => (isPending ? machine : []));
  await makeEmptyDisks(context, forking);
  await checkRoom(context, forking, forks.length);
  const options = { forks, limitMs: forkLimitMs, signal };
  const { at, pauseMs } = await context.compute.fork(forking.spec, options);
  return { forkIds: forks.map(({ instanceId }) => instanceId), instant: { at, pauseMs } };
}

/** What ends the instances waits for this work, which ends early, or gives up its wait for a share, when that comes. */
async function copyWhileWanted(
  context: WorkflowContext,
  input: ForkInput,
  { signal, takeShare }: WorkInProgress,
): Promise<Copied> {
  return await whileWanted(context, {
    recordIds: [input.instanceId, ...input.forkIds],
    isWanted: (reader) => isWanted(reader, input),
    unwanted: notForked('the instance, or all its forks, were ended before the copy was complete'),
    async work(signal) {
      const giveBack = await takeShare('fork' satisfies HostResource, signal);
      try {
        return await copy(context, input, signal);
      } catch (cause) {
        throw cause instanceof MemoryNotKeptError ? notForked(cause.message, { cause }) : cause;
      } finally {
        giveBack();
      }
    },
    signal,
  });
}

/** Copies memory and disks at one instant; the starts of the forks, which wait behind this work, require it. */
async function takeInstant(
  context: WorkflowContext,
  input: ForkInput,
  work: WorkInProgress,
): Promise<Commit> {
  const { forkIds, instant } = await copyWhileWanted(context, input, work);
  const forkedFrom = { instanceId: input.instanceId, instant };
  return async (tx) => {
    for (const id of forkIds) {
      // What is ended meanwhile goes without, and is released as a launch that failed.
      await changeInstance(tx, id, (fork) =>
        fork.state === 'pending' ? { ...fork, forkedFrom } : fork,
      );
    }
  };
}

/** Nothing of the forks, or of an earlier try, is left in the parent, whose guest goes on, nor in the outside. */
async function endFork(context: WorkflowContext, input: ForkInput): Promise<void> {
  const forking = await readForking(context, input);
  if (!forking) return;
  const machines = forking.forks.map(({ machine }) => machine);
  await context.compute.endFork(input.instanceId, machines);
}

/** The forks end as launches that failed do, and say why. Work that ends one already waits behind this. */
async function giveUp(
  context: WorkflowContext,
  { forkIds }: ForkInput,
  { failure }: WorkInProgress,
): Promise<Commit> {
  const stateReason = stateReasonOf(failure);
  const end = {
    state: 'terminated',
    stateReason,
    stateTransitionReason: stateReason.code,
  } as const;
  const commits: (Commit | undefined)[] = [];
  for (const instanceId of forkIds) {
    const fork = await context.metadata.read((reader) => reader.get('instance', instanceId));
    if (fork?.state !== 'pending') continue;
    commits.push(await releaseInstance(context, { instanceId, end, failedLaunch: true }));
  }
  return async (tx) => {
    for (const commit of commits) await commit?.(tx);
  };
}

async function forkPlace(reader: MetadataReader, { instanceId, forkIds }: ForkInput) {
  const place = await wholeInstancePlace(reader, instanceId);
  const others = await Promise.all(forkIds.map((id: InstanceId) => wholeInstancePlace(reader, id)));
  return { ...place, lanes: [place, ...others].flatMap(({ lanes }) => lanes) };
}

/**
 * From pending records to memory and disks of one instant. Enqueue the starts of the forks right behind it, so that other
 * work on them comes later; where this fails, they find nothing to start.
 */
export const forkInstanceWorkflow = defineWorkflow<WorkflowContext, ForkInput, HostResource>({
  kind: 'fork-instance',
  version: 1,
  readInput,
  place: forkPlace,
  onFailure: 'unwind',
  steps: [
    // Undone last: the policy without the interfaces that `intent` gave up.
    { name: 'policy', undo: (context) => context.policy.apply() },
    { name: 'intent', undo: giveUp },
    // Takes no share: the instance may be paused since an earlier try was cut off.
    { name: 'clear', run: endFork, undo: endFork },
    { name: 'instant', run: takeInstant },
  ],
});
