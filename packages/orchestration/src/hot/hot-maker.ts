import { messageOf, minuteMs, secondMs } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { pauseMs } from '@bakehouse/workflow-engine';
import type { ReconcilerContext } from '../context.ts';
import { type HotDemand, type HotRoom, isStillDue, reservedBytes } from './plan-hot-maps.ts';

/** Longer than the time between two looks from the start, so that a map that fails does not hold up the others. */
const restAfterFailure = { pauseMs: 20 * secondMs, pauseMsMax: 10 * minuteMs };

/** Nobody asks for the file any more, so that it is not tried again. */
class NotDueError extends Error {
  override readonly name = 'NotDueError';
}

interface HotAttempt {
  readonly what: 'make' | 'check';
  readonly mapId: BlockMapId;
  /** Fast restores are why, not launches. */
  readonly isAsked: boolean;
}

/** Makes or checks one hot map at a time, and remembers which ones failed. */
export class HotMaker {
  readonly #context: Pick<ReconcilerContext, 'clock' | 'logger' | 'hot'>;
  /** Maps that failed: how often, and until when they are left alone. */
  readonly #failed = new Map<BlockMapId, { readonly failures: number; readonly until: number }>();
  readonly #stopping = new AbortController();
  #running: (HotAttempt & { readonly abort: AbortController }) | undefined;

  constructor(context: Pick<ReconcilerContext, 'clock' | 'logger' | 'hot'>) {
    this.#context = context;
  }

  /** What is being made or checked. */
  get running(): HotAttempt | undefined {
    return this.#running;
  }

  /** Maps that failed a short while ago. */
  resting(): ReadonlySet<BlockMapId> {
    const now = this.#context.clock.now();
    return new Set([...this.#failed].flatMap(([mapId, { until }]) => (until > now ? mapId : [])));
  }

  /** Resolves also when it fails or is interrupted. Never called twice at once. */
  async attempt(attempt: HotAttempt): Promise<void> {
    const { hot, clock, logger } = this.#context;
    const { what, mapId, isAsked } = attempt;
    const begun = clock.elapsed();
    const abort = new AbortController();
    this.#running = { ...attempt, abort };
    try {
      await hot[what](mapId, { signal: AbortSignal.any([this.#stopping.signal, abort.signal]) });
      this.#failed.delete(mapId);
      const reason = isAsked ? 'fast restores' : 'launches';
      const tookMs = Math.round(clock.elapsed() - begun);
      logger.log('info', `hot map: ${what} done`, { mapId, reason, tookMs });
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#failedWith(attempt, abort.signal.aborted ? abort.signal.reason : error);
    } finally {
      this.#running = undefined;
    }
  }

  /**
   * Interrupts the making of a file that nobody asks for any more, or that fills the disk: a full disk pauses guests. A
   * check writes nothing, and goes on.
   */
  reconsider(demand: HotDemand, room: HotRoom): void {
    if (this.#running?.what !== 'make') return;
    const { abort } = this.#running;
    if (!isStillDue(this.#running, demand)) abort.abort(new NotDueError('it is not asked for now'));
    else if (room.freeBytes < reservedBytes(room)) {
      abort.abort(new Error('the disk is getting full'));
    }
  }

  /** Interrupts what is being made or checked, for good. */
  stop(): void {
    this.#stopping.abort(new Error('the control plane stops'));
  }

  #failedWith({ what, mapId }: HotAttempt, error: unknown): void {
    const { clock, logger } = this.#context;
    const problem = messageOf(error);
    if (error instanceof NotDueError) {
      logger.log('info', `hot map: ${what} given up`, { mapId, problem });
      return;
    }
    const failures = (this.#failed.get(mapId)?.failures ?? 0) + 1;
    this.#failed.set(mapId, {
      failures,
      until: clock.now() + pauseMs(restAfterFailure, failures),
    });
    logger.log('warn', `hot map: ${what} failed, will be tried again`, { mapId, problem });
  }
}
