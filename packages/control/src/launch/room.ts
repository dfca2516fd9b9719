import {
  apiError,
  type Capacity,
  findInstanceType,
  type Instance,
  type InstanceId,
  type MetadataReader,
} from '@bakehouse/domain';
import type { OperationContext } from '../context.ts';

export interface Room {
  readonly memoryMiB: number;
  readonly count: number;
}

/** EC2's refusal, with the arithmetic. */
export const noRoom = (shortage = 'no capacity is left') =>
  apiError('InsufficientInstanceCapacity', {
    message: `We currently do not have sufficient capacity for the requested instances on this machine: ${shortage}.`,
  });

/** What there was room for when it was looked at, before a transaction, which must not wait. */
export interface MeasuredRoom extends Room {
  readonly capacity: Capacity;
  /** The machines that it counts; instances that are starting have none yet. */
  readonly machines: ReadonlySet<InstanceId>;
}

/** More than one call can ask for: so much is measured for what others are just starting. */
const othersMax = 1000;

export async function measureRoom(
  { powers }: Pick<OperationContext, 'powers'>,
  { memoryMiB, count }: Room,
): Promise<MeasuredRoom> {
  const plenty = await powers.compute.capacityFor(memoryMiB, count + othersMax);
  if (plenty.shortage === undefined) {
    return { memoryMiB, count, capacity: plenty, machines: new Set() };
  }
  const machines = new Set((await powers.compute.list()).map((each) => each.instanceId));
  const capacity = await powers.compute.capacityFor(memoryMiB, count + othersMax);
  return { memoryMiB, count, capacity, machines };
}

const memoryOf = ({ instanceType }: Instance) => findInstanceType(instanceType)?.memoryMiB ?? 0;

/**
 * What is left of it in this transaction: instances that were promised room since, and have no machine, have
 * theirs. So of two launches at once only one gets the last room.
 */
export async function roomLeft(reader: MetadataReader, room: MeasuredRoom): Promise<Capacity> {
  const { capacity, count, machines, memoryMiB } = room;
  if (capacity.shortage === undefined) return { count };
  const pending = await reader.list('instance', { where: { state: ['pending'] } });
  const promised = pending.filter(({ id }) => !machines.has(id));
  const promisedMiB = promised.reduce((total, each) => total + memoryOf(each), 0);
  const left = Math.max(0, capacity.count - Math.ceil(promisedMiB / memoryMiB));
  if (left >= count) return { count };
  const others = promisedMiB > 0 ? `; ${promisedMiB} MiB go to instances that are starting` : '';
  return { count: left, shortage: `${capacity.shortage}${others}` };
}
