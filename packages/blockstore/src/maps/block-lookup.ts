import { childAt, type MapPage, placesPerPage } from '../format/page-format.ts';
import { leavesOf, type MapTree } from './map-tree.ts';

/** Leaves that are kept at hand: 128 GiB of a disk, in at most 8 MiB of pages. */
const leavesMax = 4096;

/** Finds the chunk of a block, fast where blocks near it were looked up before. */
export class BlockLookup {
  readonly tree: MapTree;
  /** By number of leaf; undefined for one that has no blocks. */
  readonly #leaves = new Map<number, MapPage | undefined>();

  constructor(tree: MapTree) {
    this.tree = tree;
  }

  /** The chunk's id, `zeros`, or that the page with the answer is not in memory. */
  peek(blockIndex: number): Uint8Array | 'zeros' | 'not-cached' {
    const number = Math.floor(blockIndex / placesPerPage);
    const leaf = this.#leaves.get(number);
    if (leaf !== undefined) return childAt(leaf, blockIndex % placesPerPage) ?? 'zeros';
    return this.#leaves.has(number) ? 'zeros' : 'not-cached';
  }

  /** The chunk's id; undefined is zeros. Throws PageUnreadableError. */
  async find(blockIndex: number): Promise<Uint8Array | undefined> {
    const known = this.peek(blockIndex);
    if (known !== 'not-cached') return known === 'zeros' ? undefined : known;
    const leaf = await this.#load(Math.floor(blockIndex / placesPerPage));
    return leaf && childAt(leaf, blockIndex % placesPerPage);
  }

  async #load(number: number): Promise<MapPage | undefined> {
    const first = number * placesPerPage;
    let found: MapPage | undefined;
    for await (const { page } of leavesOf(this.tree, first, first + placesPerPage)) found = page;
    if (this.#leaves.size >= leavesMax) this.#leaves.clear();
    this.#leaves.set(number, found);
    return found;
  }
}
