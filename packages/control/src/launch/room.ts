import { apiError, type Capacity } from '@bakehouse/domain';
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

/** How many of so many machines there is room for now. To be asked before a transaction, which must not wait. */
export async function roomFor(
  { powers }: Pick<OperationContext, 'powers'>,
  { memoryMiB, count }: Room,
): Promise<Capacity> {
  return await powers.compute.capacityFor(memoryMiB, count);
}
