/**
 * One run of a process: when it ends, nothing that it waits for ever comes, and nobody hears its callbacks.
 * That is what SIGKILL looks like from the inside.
 */
export class Life {
  readonly #ending = new AbortController();

  get isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Aborted at the end, for what waits in the outside world on this life's behalf. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  end(): void {
    this.#ending.abort();
  }

  /** The same promise, which never settles once the life is over. */
  whileAlive<Result>(promise: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      promise.then(
        (result) => {
          if (!this.isOver) resolve(result);
        },
        (error: unknown) => {
          if (!this.isOver) reject(error);
        },
      );
    });
  }

  never(): Promise<never> {
    return new Promise(() => {});
  }
}
