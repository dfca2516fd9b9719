const none: ReadonlySet<string> = new Set();

/** The ids under each value of one index. Most values have a single id, which is held without a set. */
export class ValueIndex {
  readonly #ids = new Map<string, string | Set<string>>();

  add(value: string, id: string): void {
    const ids = this.#ids.get(value);
    if (ids === undefined || ids === id) this.#ids.set(value, id);
    else if (typeof ids === 'string') this.#ids.set(value, new Set([ids, id]));
    else ids.add(id);
  }

  remove(value: string, id: string): void {
    const ids = this.#ids.get(value);
    if (ids === id) this.#ids.delete(value);
    if (ids === undefined || typeof ids === 'string') return;
    ids.delete(id);
    if (ids.size === 0) this.#ids.delete(value);
  }

  under(value: string): ReadonlySet<string> {
    const ids = this.#ids.get(value) ?? none;
    return typeof ids === 'string' ? new Set([ids]) : ids;
  }
}
