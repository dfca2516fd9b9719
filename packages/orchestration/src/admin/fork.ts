import type { AdminResult } from '@bakehouse/admin-api';
import { minuteMs } from '@bakehouse/base';
import {
  apiError,
  checkForkable,
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
import { forkInstanceWorkflow } from '../workflows/fork-instance.ts';
import type { AdminContext, AdminHandler } from './admin-handler.ts';

/** Between two looks at work that takes long. */
const lookEveryMs = minuteMs;

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
  };
  checkForkable(parent, { accountId, platformAccountId: settings.platformAccountId });
  return parent;
}

/** Memory for the machines, and room on the disk to begin. */
async function checkRoom(
  { compute, room }: AdminContext,
  { instanceType }: Instance,
  count: number,
): Promise<void> {
  const memoryMiB = findInstanceType(instanceType)?.memoryMiB ?? 0;
  const capacity = await compute.capacityFor(memoryMiB, count);
  if (capacity.count < count) {
    const { shortage = 'no capacity is left' } = capacity;
    throw apiError('InsufficientInstanceCapacity', { shortage });
  }
  const [shortage] = (await room?.shortages()) ?? [];
  if (shortage !== undefined) throw apiError('InsufficientVolumeCapacity', { message: shortage });
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
  if (!nic?.associatePublicIp) return { privateIp };
  const { publicCidr } = context.settings;
  return { privateIp, publicIp: await freePublicIp(tx, publicCidr, drawn(context)) };
}

interface PlannedForks {
  readonly forkIds: InstanceId[];
  readonly workflowId: WorkflowId;
}

async function planForks(
  tx: ControlTransaction,
  context: AdminContext,
  { instanceId, count }: { readonly instanceId: InstanceId; readonly count: number },
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
  const workflowId = await forkInstanceWorkflow.enqueue(tx, { instanceId, forkIds });
  return { forkIds, workflowId };
}

/** Waits until memory and disks are kept, which is the forks' instant; the reason where that failed. */
async function untilForked(
  { engine, metadata, signal }: AdminContext,
  { forkIds: [first], workflowId }: PlannedForks,
): Promise<NonNullable<Instance['forkedFrom']>['instant'] & object> {
  for (;;) {
    await engine.reached(workflowId, 'instant', lookEveryMs);
    signal.throwIfAborted();
    const fork = first && (await metadata.read((reader) => reader.get('instance', first)));
    const instant = fork?.forkedFrom?.instant;
    if (instant) return instant;
    if (fork?.state === 'pending') continue;
    const { message = 'it was ended' } = fork?.stateReason ?? {};
    throw apiError('IncorrectInstanceState', { message: `The fork has failed: ${message}` });
  }
}

/** Makes instances that go on where this one is. They start without a caller. */
export const instanceFork: AdminHandler<'InstanceFork'> = async (
  context,
  { instanceId, count = 1 },
): Promise<AdminResult<'InstanceFork'>> => {
  const parent = await context.metadata.read((reader) => readParent(reader, context, instanceId));
  const refusal = await context.compute.forkRefusal(instanceId);
  if (refusal !== undefined) throw notForkable(instanceId, refusal);
  await checkRoom(context, parent.instance, count);
  const planned = await context.engine.write((tx) => planForks(tx, context, { instanceId, count }));
  const { at, pauseMs } = await untilForked(context, planned);
  return { instanceId, at, pauseMs, forks: planned.forkIds };
};
