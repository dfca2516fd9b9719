/** One user of contents that no map reaches yet: a capture, a write to a draft, a conversion. */
export interface UseEpoch {
  /** What its uses are noted with, in the index. */
  readonly number: number;
  end(): void;
}

/**
 * What prune must keep though no map reaches it: whatever a running capture wrote or reused. Each capture has a
 * number, higher than those before it, and notes it on all contents that it uses. What was last used by an earlier
 * capture than every running one is not needed by any.
 */
export class UseEpochs {
  /** In ascending order, as they were added. */
  readonly #running = new Set<number>();
  /** Ended while a prune ran: the prune has read the maps before they made theirs. */
  readonly #endedLater = new Set<number>();
  #holders = 0;
  #last = 0;

  begin(): UseEpoch {
    this.#last += 1;
    const number = this.#last;
    this.#running.add(number);
    return {
      number,
      end: () => {
        if (this.#holders > 0) this.#endedLater.add(number);
        else this.#running.delete(number);
      },
    };
  }

  /** Contents used at this number or later are needed. */
  oldestRunning(): number {
    const [oldest = Number.POSITIVE_INFINITY] = this.#running;
    return oldest;
  }

  /** No epoch ends until the returned function is called. */
  hold(): () => void {
    this.#holders += 1;
    return () => {
      this.#holders -= 1;
      if (this.#holders > 0) return;
      for (const number of this.#endedLater) this.#running.delete(number);
      this.#endedLater.clear();
    };
  }
}
