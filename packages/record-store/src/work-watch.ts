import { setImmediate } from 'node:timers';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { InvariantError } from '@bakehouse/base';
import type { Awaitable } from './record-database.ts';

export function awaitedSomethingElse(): InvariantError {
  return new InvariantError(
    'a function given to the metadata store awaited something other than the store, or used its ' +
      'reader or transaction after it had ended',
  );
}

/** How long a write may keep others waiting before they have their turn. */
const turnMs = 10;

/** One run of a function that was given to the store. */
export class WatchedWork {
  readonly #watch: WorkWatch;
  readonly #expired: () => void;
  /** Calls to the store that have not returned yet, and turns of others. */
  #pending = 0;
  /** Those of them that wait for records. */
  #reading = 0;
  #readingBegan = 0;
  #readMs = 0;
  #isOver = false;
  #turnBegan = performance.now();

  constructor(watch: WorkWatch, expired: () => void) {
    this.#watch = watch;
    this.#expired = expired;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isWaitingForStore(): boolean {
    return this.#pending > 0;
  }

  /** How long the work has waited for records in all. */
  get readMs(): number {
    return this.#readMs;
  }

  /** Throws when the work is over. */
  check(): void {
    if (this.#isOver) throw awaitedSomethingElse();
  }

  /** The value of a call to the store, during which the work may wait. */
  async call<Value>(value: Awaitable<Value>): Promise<Value> {
    if (!(value instanceof Promise)) return value;
    if (this.#reading === 0) this.#readingBegan = performance.now();
    this.#reading += 1;
    try {
      return await this.#pause(value);
    } finally {
      this.#reading -= 1;
      if (this.#reading === 0) this.#readMs += performance.now() - this.#readingBegan;
    }
  }

  /** Lets others have their turn when the work has had its own for long: a write of hundreds of records takes some. */
  async giveTurn(): Promise<void> {
    if (performance.now() - this.#turnBegan < turnMs) return;
    await this.#pause(othersTurn());
    this.#turnBegan = performance.now();
  }

  end(): void {
    this.#isOver = true;
    this.#watch.forget(this);
  }

  expire(): void {
    this.end();
    this.#expired();
  }

  /** Awaits what the work may wait for. */
  async #pause<Value>(value: Promise<Value>): Promise<Value> {
    this.#pending += 1;
    try {
      return await value;
    } finally {
      this.#pending -= 1;
      this.#watch.look();
    }
  }
}

/**
 * Ends work that awaits something other than the store. Between two calls to the store a function runs in microtasks; so
 * when these have run out, work that neither waits for the store nor has ended waits for something else. What takes so
 * little time that it falls within the same microtasks does no harm and passes.
 */
export class WorkWatch {
  readonly #running = new Set<WatchedWork>();
  #isLooking = false;

  begin(expired: () => void): WatchedWork {
    const work = new WatchedWork(this, expired);
    this.#running.add(work);
    this.look();
    return work;
  }

  forget(work: WatchedWork): void {
    this.#running.delete(work);
  }

  /** Looks when the microtasks have run out. */
  look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    setImmediate(() => {
      this.#isLooking = false;
      this.expireIdle();
    });
  }

  /** To be called from a macrotask only: before the committed state changes. */
  expireIdle(): void {
    for (const work of this.#running) if (!work.isWaitingForStore) work.expire();
  }
}
