import type { AdminResult } from '@bakehouse/admin-api';
import { minuteMs } from '@bakehouse/base';
import {
  apiError,
  associatesPublicIp,
  checkForkable,
  definedMembers,
  type ForkFacts,
  type ForkParent,
  findInstanceType,
  freePrivateIps,
  freePublicIp,
  type Instance,
  type InstanceId,
  interfacesOf,
  type MetadataReader,
  notForkable,
  planFork,
  refuseElsewhere,
  type WorkflowId,
} from '@bakehouse/domain';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { type MeasuredRoom, measureRoom, noRoom, roomLeft } from '../room/machine-room.ts';
import { forkInstanceWorkflow } from '../workflows/fork-instance.ts';
import { launchMark } from '../workflows/launch-marks.ts';
import { startInstanceWorkflow } from '../workflows/start-instance.ts';
import { stateReasonCodes } from '../workflows/state-reason.ts';
import type { AdminContext, AdminHandler } from './admin-handler.ts';

/** Between two looks at work that takes long. */
const lookEveryMs = minuteMs;

interface ForkRequest {
  readonly instanceId: InstanceId;
  readonly count: number;
}

/** A fork would wait for them for hours, as they have the volumes for themselves. */
async function pendingSnapshots(reader: MetadataReader, { volumes }: Instance) {
  const volume = volumes.map(({ volumeId }) => volumeId);
  return volume.length === 0
    ? []
    : await reader.list('snapshot', { where: { volume, state: ['pending'] } });
}

/** The caller's instance, and what it has. */
async function readParent(
  reader: MetadataReader,
  { accountId, region, settings }: AdminContext,
  instanceId: InstanceId,
): Promise<ForkParent> {
  const instance = await reader.get('instance', instanceId);
  if (instance?.ownerId !== accountId || instance.region !== region) {
    throw apiError('InvalidInstanceID.NotFound', { id: instanceId });
  }
  refuseElsewhere(instance, settings.hostId);
  const found = await Promise.all(
    instance.volumes.map(({ volumeId }) => reader.get('volume', volumeId)),
  );
  const parent = {
    instance,
    image: await reader.get('image', instance.imageId),
    volumes: found.filter((volume) => volume !== undefined),
    nics: await interfacesOf(reader, instanceId),
    snapshots: await pendingSnapshots(reader, instance),
  };
  checkForkable(parent, { accountId, platformAccountId: settings.platformAccountId });
  return parent;
}

/** Refuses forks without room on the disk to begin; returns the memory for their machines. */
async function measure(
  { compute: machines, settings, room }: AdminContext,
  { instanceType }: Instance,
  count: number,
): Promise<MeasuredRoom> {
  const [shortage] = (await room?.shortages()) ?? [];
  if (shortage !== undefined) throw apiError('InsufficientVolumeCapacity', { message: shortage });
  const memoryMiB = findInstanceType(instanceType)?.memoryMiB ?? 0;
  return await measureRoom({ machines, settings }, { memoryMiB, count });
}

/** Memory that other calls have promised meanwhile is taken. */
async function checkMemory(tx: MetadataReader, room: MeasuredRoom): Promise<void> {
  const { count, shortage } = await roomLeft(tx, room);
  if (count < room.count) throw noRoom(shortage);
}

async function readFacts(
  tx: MetadataReader,
  context: AdminContext,
  instanceId: InstanceId,
): Promise<ForkFacts> {
  const parent = await readParent(tx, context, instanceId);
  const [nic] = parent.nics;
  const subnet = nic && (await tx.get('subnet', nic.subnetId));
  if (!subnet) throw new Error(`the subnet of ${instanceId} has a record`);
  const groups = await Promise.all(nic.groupIds.map((id) => tx.get('securityGroup', id)));
  return {
    ...parent,
    subnet,
    groups: groups.filter((group) => group !== undefined),
    now: context.clock.now(),
    reservationId: context.ids.resource('r'),
  };
}

const drawn = ({ ids }: AdminContext): number => Buffer.from(ids.bytes(4)).readUInt32BE(0);

/** Addresses that none has, as those of earlier forks are in the records. */
async function drawFork(
  tx: MetadataReader,
  context: AdminContext,
  { subnet, nics: [nic] }: ForkFacts,
) {
  const [privateIp = ''] = await freePrivateIps(tx, subnet, { count: 1, draw: drawn(context) });
  if (!nic || !(await associatesPublicIp(tx, nic))) return { privateIp };
  const { publicCidr } = context.settings;
  return { privateIp, publicIp: await freePublicIp(tx, publicCidr, drawn(context)) };
}

interface PlannedFork {
  readonly forkId: InstanceId;
  /** Its start, which waits behind the fork. */
  readonly startId: WorkflowId;
}

interface PlannedForks {
  readonly forks: readonly PlannedFork[];
  readonly workflowId: WorkflowId;
}

/** Work on the new instances that other calls ask for comes behind their starts, as behind that of a launch. */
async function enqueueForks(
  tx: ControlTransaction,
  instanceId: InstanceId,
  forkIds: readonly InstanceId[],
): Promise<PlannedForks> {
  const workflowId = await forkInstanceWorkflow.enqueue(tx, { instanceId, forkIds: [...forkIds] });
  const forks: PlannedFork[] = [];
  for (const forkId of forkIds) {
    const start = { instanceId: forkId, generation: 1, firstLaunch: true };
    forks.push({ forkId, startId: await startInstanceWorkflow.enqueue(tx, start) });
  }
  return { forks, workflowId };
}

async function planForks(
  tx: ControlTransaction,
  context: AdminContext,
  { instanceId, count }: ForkRequest,
): Promise<PlannedForks> {
  const facts = await readFacts(tx, context, instanceId);
  const forkIds: InstanceId[] = [];
  for (let launchIndex = 0; launchIndex < count; launchIndex += 1) {
    const draw = { launchIndex, ...(await drawFork(tx, context, facts)) };
    const { instance, nics, volumes } = planFork(facts, draw, context.ids);
    for (const nic of nics) await tx.put('networkInterface', nic);
    for (const volume of volumes) await tx.put('volume', volume);
    await tx.put('instance', instance);
    forkIds.push(instance.id);
  }
  return await enqueueForks(tx, instanceId, forkIds);
}

type Instant = NonNullable<NonNullable<Instance['forkedFrom']>['instant']>;

interface Outcome {
  readonly forkId: InstanceId;
  /** Absent where it will have none. */
  readonly instant?: Instant;
  readonly reason?: { readonly code: string; readonly message: string };
}

interface Waiting {
  readonly forkId: InstanceId;
  readonly workflowId: WorkflowId;
  readonly step: string;
}

const isWaiting = (each: Outcome | Waiting): each is Waiting => 'step' in each;

/** What has become of a fork, or the work that decides it: where an operator dropped that of all forks, its start. */
async function lookAt(
  reader: MetadataReader,
  { forkId, startId }: PlannedFork,
  workflowId: WorkflowId,
): Promise<Outcome | Waiting> {
  const fork = await reader.get('instance', forkId);
  const instant = fork?.forkedFrom?.instant;
  if (instant) return { forkId, instant };
  if (fork?.state !== 'pending')
    return { forkId, ...definedMembers({ reason: fork?.stateReason }) };
  if (await reader.get('workflow', workflowId)) return { forkId, workflowId, step: 'instant' };
  if (await reader.get('workflow', startId)) {
    return { forkId, workflowId: startId, step: launchMark.disks };
  }
  return { forkId };
}

/** Waits until each fork has memory and disks, of one instant, or has failed. */
async function untilForked(
  { engine, metadata, signal }: AdminContext,
  { forks, workflowId }: PlannedForks,
): Promise<readonly Outcome[]> {
  for (;;) {
    const looks = await metadata.read((reader) =>
      Promise.all(forks.map((fork) => lookAt(reader, fork, workflowId))),
    );
    const waiting = looks.find(isWaiting);
    if (!waiting) return looks.filter((each) => !isWaiting(each));
    await engine.reached(waiting.workflowId, waiting.step, lookEveryMs);
    signal.throwIfAborted();
  }
}

/** A StateReason's message begins with its code, which an error has of its own. */
function reasonOf({ reason }: Outcome): string {
  const { code = '', message = 'its work was ended' } = reason ?? {};
  return message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;
}

function failed(instanceId: InstanceId, outcomes: readonly Outcome[]) {
  const reasons = [...new Set(outcomes.map(reasonOf))].join('; ');
  const isRoom = outcomes.some(({ reason }) => reason?.code === stateReasonCodes.noDiskRoom);
  return isRoom
    ? apiError('InsufficientVolumeCapacity', { message: reasons })
    : apiError('IncorrectInstanceState', {
        message: `The instance '${instanceId}' was not forked: ${reasons}`,
      });
}

/** Makes instances that go on where this one is. They start without a caller. */
export const instanceFork: AdminHandler<'InstanceFork'> = async (
  context,
  { instanceId, count = 1 },
): Promise<AdminResult<'InstanceFork'>> => {
  const parent = await context.metadata.read((reader) => readParent(reader, context, instanceId));
  const refusal = await context.compute.forkRefusal(instanceId);
  if (refusal !== undefined) throw notForkable(instanceId, refusal);
  const room = await measure(context, parent.instance, count);
  const planned = await context.engine.write(async (tx) => {
    await checkMemory(tx, room);
    return await planForks(tx, context, { instanceId, count });
  });
  const outcomes = await untilForked(context, planned);
  const [first] = outcomes.flatMap(({ instant }) => instant ?? []);
  if (!first) throw failed(instanceId, outcomes);
  const { at, pauseMs } = first;
  return {
    ...{ instanceId, at, pauseMs },
    forks: outcomes.flatMap(({ forkId, instant }) => (instant ? forkId : [])),
    failed: outcomes.flatMap((each) =>
      each.instant ? [] : { instanceId: each.forkId, reason: reasonOf(each) },
    ),
  };
};
