import type { EntryNumber } from './content-index.ts';

/** A set of index entries, one bit each. */
export class EntryMarks {
  #bits = new Uint32Array(1024);

  /** True when the entry was not in the set. */
  add(entry: EntryNumber): boolean {
    const word = entry >>> 5;
    if (word >= this.#bits.length) this.#grow(word);
    const before = this.#bits[word] ?? 0;
    const after = before | (1 << (entry & 31));
    this.#bits[word] = after;
    return (before | 0) !== (after | 0);
  }

  has(entry: EntryNumber): boolean {
    return ((this.#bits[entry >>> 5] ?? 0) & (1 << (entry & 31))) !== 0;
  }

  #grow(word: number): void {
    const bits = new Uint32Array(Math.max(word + 1, this.#bits.length * 2));
    bits.set(this.#bits);
    this.#bits = bits;
  }
}
