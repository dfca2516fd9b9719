import { setImmediate } from 'node:timers';
import { InvariantError } from '@bakehouse/base';

/**
 * One run of the event loop's microtasks. The store answers in microtasks and commits in a macrotask of its
 * own, so a function that awaits nothing but the store begins and ends between two commits: it reads one
 * state without a lock. A function still at work when its turn has ended awaited something else. What came
 * so soon that neither a commit nor the end of the loop's run lay between has done no harm and passes.
 */
export class Turn {
  #ended = false;

  get hasEnded(): boolean {
    return this.#ended;
  }

  end(): void {
    this.#ended = true;
  }

  /** Throws when the turn is over. */
  check(): void {
    if (this.#ended) throw outlivedItsTurn();
  }
}

export function outlivedItsTurn(): InvariantError {
  return new InvariantError(
    'a function given to the metadata store awaited something other than the store, or used its ' +
      'reader or transaction after it had ended',
  );
}

/** Hands out the turn that is running and ends it when the event loop goes on. */
export class Turns {
  #current: Turn | undefined;

  current(): Turn {
    if (this.#current) return this.#current;
    const turn = new Turn();
    this.#current = turn;
    setImmediate(() => this.end());
    return turn;
  }

  /**
   * To be called from a macrotask only, before a commit: microtasks have run out then, so whatever still
   * holds the turn is waiting for something else.
   */
  end(): void {
    this.#current?.end();
    this.#current = undefined;
  }
}
