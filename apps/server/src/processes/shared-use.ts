interface InUse<Value> {
  readonly value: Promise<Value>;
  users: number;
}

/** Things that are costly to open: all that use one at the same time share it, until the last one releases it. */
export class SharedUse<Key, Value> {
  readonly #open: (key: Key) => Promise<Value>;
  readonly #inUse = new Map<Key, InUse<Value>>();

  constructor(open: (key: Key) => Promise<Value>) {
    this.#open = open;
  }

  /** Each `release` is called once. When opening fails, all that wait for it fail, and the next one tries again. */
  async take(key: Key): Promise<{ readonly shared: Value; readonly release: () => void }> {
    const entry = this.#inUse.get(key) ?? { value: this.#open(key), users: 0 };
    this.#inUse.set(key, entry);
    entry.users += 1;
    const release = () => {
      entry.users -= 1;
      if (entry.users === 0) this.#inUse.delete(key);
    };
    try {
      return { shared: await entry.value, release };
    } catch (error) {
      release();
      throw error;
    }
  }
}
