import { setImmediate } from 'node:timers/promises';

/** What one request's filters may cost: about a second, at 4 to 8 ns for a step, which compares one character. */
const stepsMax = 200_000_000;
/** After so many steps, about a millisecond, other requests get their turn: each takes some ten turns, and waits for each. */
const stepsInARow = 200_000;

/** Counts what a request's filters cost, so that no request keeps the others waiting. */
export class FilterWork {
  #left: number;
  #inARow = 0;

  constructor(limit = stepsMax) {
    this.#left = limit;
  }

  spend(steps: number): void {
    this.#left -= steps;
    this.#inARow += steps;
  }

  get isExhausted(): boolean {
    return this.#left <= 0;
  }

  /** True when others have waited long enough: time for a `pause`. */
  get isLong(): boolean {
    return this.#inARow >= stepsInARow;
  }

  /** Resolves after others had their turn. */
  async pause(): Promise<void> {
    this.#inARow = 0;
    await setImmediate();
  }
}
