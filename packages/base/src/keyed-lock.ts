/** Lets one piece of work at a time have a key. Locks live in this process only. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when all `keys` are free. Keys are taken together, so that no order can deadlock. */
  async run<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const before = keys.map((key) => this.#tails.get(key));
    const done = Promise.withResolvers<void>();
    for (const key of keys) this.#tails.set(key, done.promise);
    try {
      await Promise.all(before);
      return await work();
    } finally {
      done.resolve();
      for (const key of keys) {
        if (this.#tails.get(key) === done.promise) this.#tails.delete(key);
      }
    }
  }

  isHeld(key: string): boolean {
    return this.#tails.has(key);
  }
}
