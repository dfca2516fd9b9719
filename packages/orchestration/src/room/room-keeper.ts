import { MiB, secondMs } from '@bakehouse/base';
import type { GuestHolder, GuestRoom, GuestRoomMeter, InstanceId } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { type DiskUse, guestGrowth } from './guest-growth.ts';
import { planRoom, type RoomFacts, resumeBytes } from './plan-room.ts';

type KeeperContext = Pick<ReconcilerContext, 'clock' | 'logger'> & {
  readonly compute: GuestHolder;
  readonly guestRoom: GuestRoomMeter;
};

/** With more than so many times the reserve free, nobody asks who grows. */
const nearReserves = 4;
const nearMs = 250;
const farMs = secondMs;
/** How far back growth counts. */
const memoryMs = 10 * secondMs;
/** A guest that could not be paused, or did not go on, is not tried again for so long. */
const passedOverMs = 10 * secondMs;

interface Sample {
  readonly at: number;
  readonly use: DiskUse;
}

/**
 * Keeps a reserve of the disk for the platform: pauses guests that would use it up, and lets them go on when there is
 * room. Its memory is the driver's, so it may be killed at any time.
 */
export class RoomKeeper {
  readonly #context: KeeperContext;
  readonly #passedOver = new Map<InstanceId, number>();
  #samples: readonly Sample[] = [];
  #changedAt: number;

  constructor(context: KeeperContext) {
    this.#context = context;
    this.#changedAt = context.clock.elapsed();
  }

  /** Looks again and again until the signal. Failures are logged. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    let pauseMs = farMs;
    while (!signal.aborted) {
      await clock.sleep(pauseMs, signal).catch(() => {});
      if (signal.aborted) return;
      pauseMs = await this.look().catch((error: unknown) => {
        logger.log('warn', 'room for guests: the look failed', { error });
        return farMs;
      });
    }
  }

  /** Pauses a guest or lets one go on, if it has to be. Returns when to look again, in milliseconds. */
  async look(): Promise<number> {
    const { guestRoom, compute } = this.#context;
    const rooms = await guestRoom.look();
    const held = await compute.held();
    const isNear = rooms.some((room) => room.freeBytes < room.reservedBytes * nearReserves);
    if (isNear) await this.#sample();
    else this.#samples = [];
    const plans = rooms.map((room) => {
      const facts = { ...this.#facts(room, held), room };
      return { facts, plan: planRoom(facts) };
    });
    // A guest has files on each of them.
    const release = plans.every(({ plan }) => plan.release) ? plans[0]?.plan.release : [];
    await this.#release(release ?? []);
    for (const { plan, facts } of plans) await this.#hold(plan.hold, facts);
    return isNear ? nearMs : farMs;
  }

  async #sample(): Promise<void> {
    const { compute, clock } = this.#context;
    const use = await compute.diskUse();
    const at = clock.elapsed();
    const recent = this.#samples.filter((each) => at - each.at <= memoryMs);
    this.#samples = [...recent, { at, use }];
  }

  #facts(room: GuestRoom, held: readonly InstanceId[]): RoomFacts {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    const samples = this.#samples.map(({ use }) => use);
    const growth = guestGrowth(samples, room);
    const grown = new Map([...growth].filter(([instanceId]) => !held.includes(instanceId)));
    const grownInMs = (last?.at ?? 0) - (first?.at ?? 0);
    const sinceChangeMs = this.#context.clock.elapsed() - this.#changedAt;
    return { room, grown, grownInMs, held, sinceChangeMs };
  }

  async #release(choices: readonly InstanceId[]): Promise<void> {
    const { compute, logger } = this.#context;
    const instanceId = await this.#firstOf(choices, (id) => compute.release(id));
    if (instanceId === undefined) return;
    logger.log('info', 'there is room: guest goes on', { instanceId });
  }

  async #hold(
    choices: readonly InstanceId[],
    facts: RoomFacts & { readonly room: GuestRoom },
  ): Promise<void> {
    const { compute } = this.#context;
    await this.#firstOf(choices, (id) => compute.hold(id, reasonOf(id, facts)));
  }

  /** The first of them that it works for. One that fails must not keep others paused, or running. */
  async #firstOf(
    choices: readonly InstanceId[],
    change: (instanceId: InstanceId) => Promise<boolean>,
  ): Promise<InstanceId | undefined> {
    const { clock, logger } = this.#context;
    for (const instanceId of choices) {
      if ((this.#passedOver.get(instanceId) ?? 0) > clock.elapsed()) continue;
      const works = await change(instanceId).catch((error: unknown) => {
        logger.log('warn', 'room for guests: a machine does not respond', { instanceId, error });
        return false;
      });
      if (works) {
        this.#passedOver.delete(instanceId);
        this.#changedAt = clock.elapsed();
        return instanceId;
      }
      this.#passedOver.set(instanceId, clock.elapsed() + passedOverMs);
    }
    return undefined;
  }
}

const mib = (bytes: number) => Math.floor(bytes / MiB);

function reasonOf(
  instanceId: InstanceId,
  { room, grown, grownInMs }: RoomFacts & { readonly room: GuestRoom },
): string {
  const grew = `its disks grew most: ${mib(grown.get(instanceId) ?? 0)} MiB in ${(grownInMs / secondMs).toFixed(1)} s`;
  return (
    `${grew}, and of ${room.path} only the platform's reserve is left ` +
    `(${mib(room.freeBytes)} of ${mib(room.reservedBytes)} MiB): free at least ${mib(resumeBytes(room))} MiB there, ` +
    "for example by deleting snapshots and volumes and by 'bakehouse prune', and the guest continues by itself"
  );
}
