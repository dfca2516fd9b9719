/** Blocks of the first 128 GiB of a disk: 32 KiB of bits. */
const blocksMax = 256 * 1024;
const bytesAtFirst = 256;

/** A set of block indexes, a bit each, that grows to 32 KiB at most: what lies beyond its blocks is never in it. */
export class BlockSet {
  #bits = new Uint8Array(bytesAtFirst);

  /** False when the block is in the set already, or beyond its bounds. */
  add(blockIndex: number): boolean {
    if (blockIndex >= blocksMax) return false;
    const at = blockIndex >>> 3;
    if (at >= this.#bits.length) this.#growTo(at + 1);
    const bit = 1 << (blockIndex & 7);
    const before = this.#bits[at] ?? 0;
    this.#bits[at] = before | bit;
    return (before & bit) === 0;
  }

  #growTo(length: number): void {
    const bits = new Uint8Array(Math.min(blocksMax >>> 3, Math.max(length, 2 * this.#bits.length)));
    bits.set(this.#bits);
    this.#bits = bits;
  }
}
