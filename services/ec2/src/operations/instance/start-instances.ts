import {
  apiError,
  associatesPublicIp,
  checkState,
  findInstanceType,
  freePublicIp,
  type Instance,
  interfacesOf,
  readInterfaceAddresses,
} from '@bakehouse/domain';
import {
  type MeasuredRoom,
  measureRoom,
  noRoom,
  type OperationContext,
  roomLeft,
  simulatedReason,
  startInstanceWorkflow,
} from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { stateChange } from '../../instances/instance-state-change.ts';
import { allOwnedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/**
 * Each start draws a new public address, as in EC2: for an instance with one interface, whose primary address has no
 * Elastic IP address.
 */
async function givePublicIp(
  tx: ControlTransaction,
  context: OperationContext,
  instance: Instance,
): Promise<void> {
  const [nic, second] = await interfacesOf(tx, instance.id);
  if (!nic || second || !(await associatesPublicIp(tx, nic))) return;
  const [primary] = await readInterfaceAddresses(tx, nic);
  if (primary?.publicIp !== undefined) return;
  const draw = Buffer.from(context.ids.bytes(4)).readUInt32BE(0);
  const publicIp = await freePublicIp(tx, context.settings.publicCidr, draw);
  await tx.put('networkInterface', { ...nic, publicIp });
}

async function requestStart(
  tx: ControlTransaction,
  context: OperationContext,
  instance: Instance,
): Promise<Instance> {
  if (instance.state === 'running' || instance.state === 'pending') return instance;
  await givePublicIp(tx, context, instance);
  const { stateReason: _, ...rest } = instance;
  const generation = instance.generation + 1;
  const starting: Instance = {
    ...rest,
    state: 'pending',
    stateTransitionReason: '',
    ...simulatedReason(context.settings),
    launchedAt: context.now,
    generation,
  };
  await tx.put('instance', starting);
  const input = { instanceId: instance.id, generation, firstLaunch: false };
  await startInstanceWorkflow.enqueue(tx, input);
  return starting;
}

/** A root volume that is on its way out does not count. */
async function checkRoot(tx: ControlTransaction, instance: Instance): Promise<void> {
  const { id, volumes, root } = instance;
  const use = volumes.find((volume) => volume.deviceName === root.deviceName);
  const volume = use && (await tx.get('volume', use.volumeId));
  if (root.kind !== 'ebs' || volume?.attachment?.state === 'attached') return;
  throw apiError('InvalidParameterValue', {
    message: `Invalid value '${id}' for instanceId. Instance does not have a volume attached at root (${root.deviceName})`,
  });
}

/** The room for those that are to start; of several types, each by itself. */
async function measureRooms(
  context: OperationContext,
  ids: readonly string[],
): Promise<readonly MeasuredRoom[]> {
  const instances = await context.read((reader) => allOwnedById(reader, context, 'instance', ids));
  const stopped = instances.filter(({ state }) => state === 'stopped');
  const rooms: MeasuredRoom[] = [];
  for (const [name, members] of Map.groupBy(stopped, (each) => each.instanceType)) {
    const memoryMiB = findInstanceType(name)?.memoryMiB;
    if (memoryMiB === undefined) continue;
    rooms.push(await measureRoom(context, { memoryMiB, count: members.length }));
  }
  return rooms;
}

/** Refuses a start that memory is known not to suffice for. */
async function checkRooms(tx: ControlTransaction, rooms: readonly MeasuredRoom[]): Promise<void> {
  for (const room of rooms) {
    const { count, shortage } = await roomLeft(tx, room);
    if (count < room.count) throw noRoom(shortage);
  }
}

/** All the named instances start, or none does. */
export const startInstances: Operation<'StartInstances'> = async (context, request) => {
  const rooms = await measureRooms(context, request.InstanceIds);
  return await context.write(async (tx) => {
    const instances = await allOwnedById(tx, context, 'instance', request.InstanceIds);
    for (const each of instances) {
      checkState('instance', each, 'StartInstances');
      await checkRoot(tx, each);
    }
    await checkRooms(tx, rooms);
    const changes = [];
    for (const before of instances) {
      changes.push(stateChange(before, await requestStart(tx, context, before)));
    }
    return { StartingInstances: changes };
  });
};
