interface Waiter {
  readonly bytes: number;
  readonly enter: () => void;
  readonly reject: (error: Error) => void;
}

/** Limits the requests in flight, in number and bytes; first come, first served. */
export class RequestGate {
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #waiters: Waiter[] = [];
  #count = 0;
  #bytes = 0;
  #failure: Error | undefined;

  constructor(limits: { readonly countMax: number; readonly bytesMax: number }) {
    this.#countMax = limits.countMax;
    this.#bytesMax = limits.bytesMax;
  }

  /** Resolves when the request may be sent. One larger than the limit is let in alone. */
  async enter(bytes: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiters.length === 0 && this.#fits(bytes)) {
      this.#take(bytes);
      return;
    }
    await new Promise<void>((enter, reject) => {
      this.#waiters.push({ bytes, enter, reject });
    });
  }

  leave(bytes: number): void {
    this.#count -= 1;
    this.#bytes -= bytes;
    for (let next = this.#waiters[0]; next !== undefined; next = this.#waiters[0]) {
      if (!this.#fits(next.bytes)) return;
      this.#waiters.shift();
      this.#take(next.bytes);
      next.enter();
    }
  }

  /** Rejects all who wait and all who come later. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
  }

  #fits(bytes: number): boolean {
    if (this.#count === 0) return true;
    return this.#count < this.#countMax && this.#bytes + bytes <= this.#bytesMax;
  }

  #take(bytes: number): void {
    this.#count += 1;
    this.#bytes += bytes;
  }
}
