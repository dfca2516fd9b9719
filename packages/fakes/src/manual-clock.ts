import type { Clock, TimestampMs } from '@bakehouse/base';
import { settle } from './settle.ts';

interface Sleeper {
  readonly dueAt: TimestampMs;
  readonly wake: () => void;
}

/** 2026-01-01T00:00Z. */
const defaultStartMs = 1_767_225_600_000;

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #now: TimestampMs;
  #jumpedMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startMs: TimestampMs = defaultStartMs) {
    this.#now = startMs;
  }

  now(): TimestampMs {
    return this.#now;
  }

  elapsed(): number {
    return this.#now - this.#jumpedMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        dueAt: this.#now + Math.max(0, durationMs),
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** When the next sleeper wakes; undefined when nobody sleeps. */
  get nextWakeAt(): TimestampMs | undefined {
    return this.#next()?.dueAt;
  }

  /**
   * Lets time pass: wakes sleepers in order of their time, those too who fall asleep on the way, and lets
   * what they do settle before the next. The time is `now + durationMs` when it resolves.
   */
  async advance(durationMs: number): Promise<void> {
    const until = this.#now + durationMs;
    await settle();
    for (let next = this.#next(); next && next.dueAt <= until; next = this.#next()) {
      this.#wake(next);
      await settle();
    }
    this.#now = Math.max(this.#now, until);
  }

  /**
   * Advances from sleeper to sleeper until `isDone`; rejects when that takes more than `limitMs` of this
   * clock's time, or nobody sleeps any more.
   */
  async advanceUntil(
    isDone: () => boolean | Promise<boolean>,
    limitMs = 24 * 3_600_000,
  ): Promise<void> {
    const until = this.#now + limitMs;
    for (;;) {
      await settle();
      if (await isDone()) return;
      const next = this.#next();
      if (!next) throw new Error('nothing sleeps, and what was waited for has not come');
      if (next.dueAt > until) throw new Error(`not done after ${limitMs} ms of simulated time`);
      this.#wake(next);
    }
  }

  /** A clock that was set: sleepers keep the time that they have left. */
  jump(byMs: number): void {
    this.#now += byMs;
    this.#jumpedMs += byMs;
    const sleepers = [...this.#sleepers];
    this.#sleepers.clear();
    for (const { dueAt, wake } of sleepers) this.#sleepers.add({ dueAt: dueAt + byMs, wake });
  }

  #wake(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper);
    this.#now = Math.max(this.#now, sleeper.dueAt);
    sleeper.wake();
  }

  /** The earliest; of equals the one asleep the longest. */
  #next(): Sleeper | undefined {
    let earliest: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (!earliest || sleeper.dueAt < earliest.dueAt) earliest = sleeper;
    }
    return earliest;
  }
}
