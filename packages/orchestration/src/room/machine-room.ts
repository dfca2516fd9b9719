import {
  apiError,
  type Capacity,
  findInstanceType,
  type HostId,
  type Instance,
  type InstanceId,
  type MetadataReader,
} from '@bakehouse/domain';
import type { OperationContext } from '../operation-context.ts';

interface MachineRoom {
  readonly memoryMiB: number;
  readonly count: number;
}

/** EC2's error, with the arithmetic. */
export const noRoom = (shortage = 'no capacity is left') =>
  apiError('InsufficientInstanceCapacity', { shortage });

/** The room before the transaction, which must not wait for the host. */
export interface MeasuredRoom extends MachineRoom {
  readonly capacity: Capacity;
  readonly hostId: HostId;
  /** The machines that `capacity` counts. Instances that are starting have none yet. */
  readonly machines: ReadonlySet<InstanceId>;
}

/** Measured beyond the request, for instances that other calls are starting. More than one call can start. */
const othersMax = 1000;

export async function measureRoom(
  { machines, settings: { hostId } }: Pick<OperationContext, 'machines' | 'settings'>,
  { memoryMiB, count }: MachineRoom,
): Promise<MeasuredRoom> {
  const plenty = await machines.capacityFor(memoryMiB, count + othersMax);
  if (plenty.shortage === undefined) {
    return { memoryMiB, count, hostId, capacity: plenty, machines: new Set() };
  }
  const running = new Set((await machines.list()).map((each) => each.instanceId));
  const capacity = await machines.capacityFor(memoryMiB, count + othersMax);
  return { memoryMiB, count, hostId, capacity, machines: running };
}

const memoryOf = ({ instanceType }: Instance) => findInstanceType(instanceType)?.memoryMiB ?? 0;

/**
 * What is left of the measured room in this transaction: room is reserved for pending instances that have no
 * machine yet. So of two launches at once only one gets the last room.
 */
export async function roomLeft(reader: MetadataReader, room: MeasuredRoom): Promise<Capacity> {
  const { capacity, count, hostId, machines, memoryMiB } = room;
  if (capacity.shortage === undefined) return { count };
  const pending = await reader.list('instance', { where: { state: ['pending'] } });
  const promised = pending.filter((each) => each.hostId === hostId && !machines.has(each.id));
  const promisedMiB = promised.reduce((total, each) => total + memoryOf(each), 0);
  const left = Math.max(0, capacity.count - Math.ceil(promisedMiB / memoryMiB));
  if (left >= count) return { count };
  const others = promisedMiB > 0 ? `; ${promisedMiB} MiB go to instances that are starting` : '';
  return { count: left, shortage: `${capacity.shortage}${others}` };
}
