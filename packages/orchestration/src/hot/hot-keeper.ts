import { messageOf, minuteMs, secondMs } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { pauseMs } from '@bakehouse/workflow-engine';
import type { ReconcilerContext } from '../context.ts';
import { disksAtRest } from './disks-at-rest.ts';
import { type HotPlan, planHotMaps, reservedBytes } from './plan-hot-maps.ts';
import { type AskedMaps, readAskedMaps, readHotFacts } from './read-hot-facts.ts';
import type { RecentLaunches } from './recent-launches.ts';
import { settleFastRestores } from './settle-fast-restores.ts';

type KeeperContext = Pick<
  ReconcilerContext,
  'metadata' | 'engine' | 'clock' | 'logger' | 'hot' | 'snapshots'
>;

const roomEveryMs = 5 * secondMs;
/** Longer than the time between two looks from the start, so that a map that fails does not hold up the others. */
const restAfterFailure = { pauseMs: 20 * secondMs, pauseMsMax: 10 * minuteMs };

/**
 * Makes maps hot that are launched often or asked for, and drops them when the disk gets full: docs/hot-maps.md. No
 * workflow, as a file takes minutes, and one that is cut off leaves nothing: the next look begins again.
 */
export class HotKeeper {
  readonly #context: KeeperContext;
  readonly #launches: Pick<RecentLaunches, 'counts'>;
  /** Maps that failed: how often, and until when they are left alone. */
  readonly #resting = new Map<BlockMapId, { readonly failures: number; readonly until: number }>();
  readonly #stopping = new AbortController();

  constructor(context: KeeperContext, launches: Pick<RecentLaunches, 'counts'>) {
    this.#context = context;
    this.#launches = launches;
  }

  /** Does what is due: drops, and checks or makes at most one map. Never called twice at once. */
  async look(): Promise<void> {
    await this.#settle();
    await this.#work();
    await this.#settle();
  }

  /** Interrupts what `look` does. */
  stop(): void {
    this.#stopping.abort(new Error('the control plane stops'));
  }

  async #settle(): Promise<void> {
    while ((await settleFastRestores(this.#context)) > 0);
  }

  async #work(): Promise<void> {
    const { metadata, clock } = this.#context;
    const asked = await metadata.read(readAskedMaps);
    const counts = this.#launches.counts(clock.now());
    const facts = await readHotFacts(this.#context, asked, counts);
    if (!facts) return;
    const plan = planHotMaps({ ...facts, resting: this.#restingNow() });
    await this.#makeRoom(plan);
    if (plan.check) await this.#attempt('check', plan.check, asked);
    if (plan.make) await this.#attempt('make', plan.make, asked);
  }

  async #makeRoom({ drop, missingBytes }: HotPlan): Promise<void> {
    let missing = missingBytes;
    for (const { mapId, state, localBytes } of drop) {
      if (state !== 'damaged' && missing <= 0) return;
      if (await this.#drop(mapId)) missing -= localBytes;
    }
  }

  /** Returns whether the map is gone. One that cannot be removed leaves the next one to be tried. */
  async #drop(mapId: BlockMapId): Promise<boolean> {
    const { hot, metadata, logger } = this.#context;
    try {
      const isGone = await hot.drop(mapId, (volumeIds) =>
        metadata.read((reader) => disksAtRest(reader, volumeIds)),
      );
      if (isGone) logger.log('info', 'hot map dropped', { mapId });
      return isGone;
    } catch (error) {
      logger.log('warn', 'hot map not dropped, will be tried again', { mapId, error });
      return false;
    }
  }

  async #attempt(what: 'make' | 'check', mapId: BlockMapId, asked: AskedMaps): Promise<void> {
    const { hot, clock, logger } = this.#context;
    const begun = clock.elapsed();
    const full = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, full.signal]);
    try {
      // A check writes nothing.
      const watch = what === 'make' ? { onProgress: this.#roomWatch(full) } : {};
      await hot[what](mapId, { signal, ...watch });
      this.#resting.delete(mapId);
      const reason = asked.wanted.has(mapId) ? 'fast restores' : 'launches';
      const tookMs = Math.round(clock.elapsed() - begun);
      logger.log('info', `hot map: ${what} done`, { mapId, reason, tookMs });
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#rest(mapId);
      const problem = messageOf(full.signal.aborted ? full.signal.reason : error);
      logger.log('warn', `hot map: ${what} failed, will be tried again`, { mapId, problem });
    }
  }

  /** A full disk pauses guests, which must not happen for a copy that nobody waits for. */
  #roomWatch(full: AbortController): () => void {
    const { hot, clock } = this.#context;
    let nextAt = clock.elapsed() + roomEveryMs;
    const look = async () => {
      const room = await hot.room();
      if (room.freeBytes >= reservedBytes(room)) return;
      full.abort(new Error('the disk is getting full'));
    };
    return () => {
      if (clock.elapsed() < nextAt) return;
      nextAt = clock.elapsed() + roomEveryMs;
      look().catch(() => {});
    };
  }

  #restingNow(): ReadonlySet<BlockMapId> {
    const now = this.#context.clock.now();
    return new Set([...this.#resting].flatMap(([mapId, { until }]) => (until > now ? mapId : [])));
  }

  #rest(mapId: BlockMapId): void {
    const failures = (this.#resting.get(mapId)?.failures ?? 0) + 1;
    const until = this.#context.clock.now() + pauseMs(restAfterFailure, failures);
    this.#resting.set(mapId, { failures, until });
  }
}
