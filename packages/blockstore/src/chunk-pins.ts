import { chunkIdHex } from './chunk-id.ts';

/** Keeps chunks that no map names yet, for the time of one capture. */
export interface PinSet {
  add(chunkId: Uint8Array): void;
  release(): void;
}

/**
 * What prune must not drop though no map names it: chunks that captures under way wrote or chose to reuse.
 * While a prune runs, pins outlive their capture: the prune has read the maps before the capture made its own.
 */
export class ChunkPins {
  readonly #sets = new Set<ReadonlySet<string>>();
  readonly #releasedLater = new Set<ReadonlySet<string>>();
  #holders = 0;

  open(): PinSet {
    const pinned = new Set<string>();
    this.#sets.add(pinned);
    return {
      add: (chunkId) => pinned.add(chunkIdHex(chunkId)),
      release: () => {
        if (this.#holders > 0) this.#releasedLater.add(pinned);
        else this.#sets.delete(pinned);
      },
    };
  }

  has(chunkId: Uint8Array): boolean {
    if (this.#sets.size === 0) return false;
    const hex = chunkIdHex(chunkId);
    return this.#sets.values().some((pinned) => pinned.has(hex));
  }

  /** No pin goes away until the answer is called. */
  hold(): () => void {
    this.#holders += 1;
    return () => {
      this.#holders -= 1;
      if (this.#holders > 0) return;
      for (const pinned of this.#releasedLater) this.#sets.delete(pinned);
      this.#releasedLater.clear();
    };
  }
}
