/**
 * What all readers ahead may have on their way at one time. Each has a slot of the coders while it waits for what somebody
 * waits for, which needs a slot, too: there are more slots, however few threads there are.
 */
export const aheadRunningMax = 8;
/** Blocks that were fetched ahead and not read yet: 32 MiB, a quarter of the cache. */
const heldMax = 64;

/** The room that all readers ahead share: it bounds what guests can make the block server fetch. */
export class AheadRoom {
  #running = 0;
  #held = 0;
  readonly #waiting = new Set<() => void>();

  /** Whether a block may be fetched now. When not, `onRoom` is called once when it is worth another try. */
  enter(onRoom: () => void): boolean {
    if (this.#running >= aheadRunningMax || this.#held >= heldMax) {
      this.#waiting.add(onRoom);
      return false;
    }
    this.#running += 1;
    this.#held += 1;
    return true;
  }

  /** The block is fetched, or could not be. It is held until it is released. */
  fetched(): void {
    this.#running -= 1;
    this.#wake();
  }

  /** So many blocks were read, or are not waited for any more. */
  release(count: number): void {
    this.#held -= count;
    this.#wake();
  }

  /** Nobody is called any more. */
  leave(onRoom: () => void): void {
    this.#waiting.delete(onRoom);
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const onRoom of waiting) onRoom();
  }
}
