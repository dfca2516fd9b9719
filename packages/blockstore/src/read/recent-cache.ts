/**
 * The values used last, up to a number of bytes. A Map keeps its order of insertion, so the first one is the one
 * not used for longest.
 */
export class RecentCache<Value = Uint8Array> {
  readonly #bytesMax: number;
  readonly #sizeOf: (value: Value) => number;
  readonly #values = new Map<string, Value>();
  #bytes = 0;

  constructor(bytesMax: number, sizeOf: (value: Value) => number) {
    this.#bytesMax = bytesMax;
    this.#sizeOf = sizeOf;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  delete(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#bytes -= this.#sizeOf(value);
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
  }

  set(key: string, value: Value): void {
    const size = this.#sizeOf(value);
    if (size > this.#bytesMax || this.#values.has(key)) return;
    this.#values.set(key, value);
    this.#bytes += size;
    for (const [oldest, old] of this.#values) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#values.delete(oldest);
      this.#bytes -= this.#sizeOf(old);
    }
  }
}
