import { MiB, minuteMs, secondMs } from '@bakehouse/base';
import type { GuestRoom, InstanceId } from '@bakehouse/domain';

/** Guests that together use up what is left above the floor in this time are too fast for it. */
const lastingMs = minuteMs;
/** Guests never get this share of the reserve: whoever grows there is paused, however slowly. */
const floorShare = 1 / 2;
/** After a guest was paused or went on, the next one does not go on before the effect is seen. */
const settleMs = 5 * secondMs;
/** Shorter times say nothing of how fast a guest grows. */
const measureMsMin = secondMs;
const resumeBytesMin = 64 * MiB;

export interface RoomFacts {
  readonly room: Pick<GuestRoom, 'freeBytes' | 'reservedBytes'>;
  /** How much the files of each machine grew that is not held, and in which time. */
  readonly grown: ReadonlyMap<InstanceId, number>;
  readonly grownInMs: number;
  /** In the order in which they were paused. */
  readonly held: readonly InstanceId[];
  /** Since a guest was last paused or went on. */
  readonly sinceChangeMs: number;
}

/** What to do now; at most one of both is there. */
export interface RoomPlan {
  /** Who is to be paused, first choice first: one of them, the others only when it cannot be. */
  readonly hold: readonly InstanceId[];
  /** Who is to go on, first choice first: one of them, the others only when it does not. */
  readonly release?: readonly InstanceId[];
}

/** So much must be free before paused guests go on: more than the reserve, so that they do not stop again at once. */
export const resumeBytes = ({ reservedBytes }: Pick<GuestRoom, 'reservedBytes'>): number =>
  Math.max(resumeBytesMin, reservedBytes + Math.ceil(reservedBytes / 4));

const floorBytes = ({ reservedBytes }: Pick<GuestRoom, 'reservedBytes'>) =>
  reservedBytes * floorShare;

export const isBelowFloor = (room: RoomFacts['room']): boolean => room.freeBytes < floorBytes(room);

/**
 * Which guest is paused when only the reserve is left, and which goes on when there is room: pure. The one that grew
 * most is paused, then the next one if the others are still too fast; who was paused last goes on first. Guests that
 * hardly write go on, down to half of the reserve.
 */
export function planRoom(facts: RoomFacts): RoomPlan {
  const { room, held, sinceChangeMs } = facts;
  const isShort = room.reservedBytes > 0 && room.freeBytes <= room.reservedBytes;
  if (isShort) return { hold: tooFast(facts) };
  const isDue = held.length > 0 && sinceChangeMs >= settleMs;
  if (isDue && room.freeBytes >= resumeBytes(room)) return { hold: [], release: held.toReversed() };
  return { hold: [] };
}

function tooFast({ room, grown, grownInMs }: RoomFacts): readonly InstanceId[] {
  const growing = [...grown].filter(([, bytes]) => bytes > 0);
  const bytes = growing.reduce((sum, [, each]) => sum + each, 0);
  const bytesToCome = (bytes / Math.max(grownInMs, measureMsMin)) * lastingMs;
  if (bytesToCome < room.freeBytes - floorBytes(room)) return [];
  return growing.toSorted(([, a], [, b]) => b - a).map(([instanceId]) => instanceId);
}
