import { setImmediate as nextTurn } from 'node:timers/promises';
import { blockCountOf } from '../format/block-size.ts';
import { contentIdAt, isSameId } from '../format/content-id.ts';
import {
  children,
  filledCount,
  type MapPage,
  makePage,
  placesPerPage,
  rootLevel,
} from '../format/page-format.ts';
import { leavesOf, type MapTree, pageAt, placeSpan } from './map-tree.ts';
import { NewPages } from './new-pages.ts';
import type { NamedPage } from './page-store.ts';

/** What a block is from now on; without a chunk it is zeros. */
export interface BlockChange {
  readonly blockIndex: number;
  readonly chunkId: Uint8Array | undefined;
}

export interface ChangedTree {
  readonly tree: MapTree;
  /** What must be stored for the tree, each page before the page that names it. */
  readonly newPages: readonly NamedPage[];
  /** How many more blocks that are not zeros the tree has than the base: less than 0 when it has fewer. */
  readonly addedBlocks: number;
}

const pagesPerTurn = 512;

/**
 * The base with the changes, which are in order of block and lie within the new size. Blocks of the base behind the
 * new size are dropped. Costs what changes: pages without a change are shared.
 */
export async function changeTree(
  base: MapTree,
  changes: readonly BlockChange[],
  sizeBytes: number = base.sizeBytes,
): Promise<ChangedTree> {
  const pages = base.pages instanceof NewPages ? base.pages : new NewPages(base.pages);
  const blockCount = blockCountOf(sizeBytes);
  const isShrinking = blockCount < blockCountOf(base.sizeBytes);
  const level = rootLevel(blockCount);
  const limit = isShrinking ? blockCount : Number.POSITIVE_INFINITY;
  const work = new Change(pages, changes, limit);
  const fitted = await fitRoot({ ...base, pages }, level, work);
  const root = await work.apply(fitted, {
    level,
    first: 0,
    changeFrom: 0,
    changeEnd: changes.length,
  });
  const tree = { sizeBytes, root, level, pages };
  return { tree, newPages: pages.reachable(root), addedBlocks: work.addedBlocks };
}

/** The tree with all new pages stored, and no more in memory than the store's own cache. */
export function storedTree({ tree }: ChangedTree, pages: MapTree['pages']): MapTree {
  return { ...tree, pages };
}

export function emptyTree(pages: MapTree['pages']): MapTree {
  return { sizeBytes: 0, level: 0, root: undefined, pages };
}

/** The base's root raised or lowered to this level. What lies behind the first page of the level is dropped. */
async function fitRoot(
  base: MapTree & { readonly pages: NewPages },
  level: number,
  work: Change,
): Promise<Uint8Array | undefined> {
  let { root, level: at } = base;
  for (; root !== undefined && at < level; at += 1) {
    const wrapped = makePage(at + 1, [root]);
    root = wrapped && base.pages.add(wrapped);
  }
  for (; root !== undefined && at > level; at -= 1) {
    const page: MapPage = await pageAt(base.pages, { id: root, level: at, first: 0 });
    root = undefined;
    for (const { place, id } of children(page)) {
      if (place === 0) root = Uint8Array.from(id);
      else await work.dropAll(id, at - 1);
    }
  }
  return root;
}

interface Spot {
  readonly level: number;
  readonly first: number;
  /** The changes within the page: a part of the list. */
  readonly changeFrom: number;
  readonly changeEnd: number;
}

/** One call of `changeTree` under way. */
class Change {
  addedBlocks = 0;
  readonly #pages: NewPages;
  readonly #changes: readonly BlockChange[];
  /** Blocks from here on are dropped. */
  readonly #limit: number;
  #madePages = 0;

  constructor(pages: NewPages, changes: readonly BlockChange[], limit: number) {
    this.#pages = pages;
    this.#changes = changes;
    this.#limit = limit;
  }

  /** The page that is in this spot after the changes. */
  async apply(id: Uint8Array | undefined, spot: Spot): Promise<Uint8Array | undefined> {
    const { level, first } = spot;
    const before = id && (await pageAt(this.#pages, { id, level, first }));
    const places = placesOf(before);
    const isChanged =
      level === 0 ? this.#changeBlocks(places, spot) : await this.#changePages(places, spot);
    if (!isChanged) return id;
    this.#madePages += 1;
    if (this.#madePages % pagesPerTurn === 0) await nextTurn();
    const after = makePage(level, places);
    return after && this.#pages.add(after);
  }

  /** Counts what is below a page that the tree no longer has. */
  async dropAll(id: Uint8Array, level: number): Promise<void> {
    const dropped = { root: id, level, sizeBytes: 0, pages: this.#pages };
    for await (const { page } of leavesOf(dropped)) this.addedBlocks -= filledCount(page);
  }

  #changeBlocks(places: (Uint8Array | undefined)[], spot: Spot): boolean {
    let isChanged = false;
    const set = (place: number, chunkId: Uint8Array | undefined) => {
      const before = places[place];
      if (isSameId(before, chunkId)) return;
      this.addedBlocks += Number(chunkId !== undefined) - Number(before !== undefined);
      places[place] = chunkId;
      isChanged = true;
    };
    for (let at = spot.changeFrom; at < spot.changeEnd; at += 1) {
      const change = this.#changes[at];
      if (change !== undefined) set(change.blockIndex - spot.first, change.chunkId);
    }
    for (let place = Math.max(0, this.#limit - spot.first); place < placesPerPage; place += 1) {
      set(place, undefined);
    }
    return isChanged;
  }

  async #changePages(places: (Uint8Array | undefined)[], spot: Spot): Promise<boolean> {
    const span = placeSpan(spot.level);
    let isChanged = false;
    let changeFrom = spot.changeFrom;
    for (let place = 0; place < placesPerPage; place += 1) {
      const first = spot.first + place * span;
      const changeEnd = this.#changesBefore(first + span, changeFrom, spot.changeEnd);
      const before = places[place];
      const isCut = before !== undefined && first + span > this.#limit;
      if (changeEnd > changeFrom || isCut) {
        const below = { level: spot.level - 1, first, changeFrom, changeEnd };
        const after = await this.#changePage(before, below);
        places[place] = after;
        isChanged ||= !isSameId(before, after);
      }
      changeFrom = changeEnd;
    }
    return isChanged;
  }

  async #changePage(id: Uint8Array | undefined, spot: Spot): Promise<Uint8Array | undefined> {
    if (spot.first < this.#limit) return this.apply(id, spot);
    if (id !== undefined) await this.dropAll(id, spot.level);
    return undefined;
  }

  /** Where the changes from this block on begin. */
  #changesBefore(blockIndex: number, from: number, end: number): number {
    let [low, high] = [from, end];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.blockIndex ?? blockIndex) < blockIndex) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function placesOf(page: MapPage | undefined): (Uint8Array | undefined)[] {
  const places = new Array<Uint8Array | undefined>(placesPerPage).fill(undefined);
  if (page === undefined) return places;
  let position = 0;
  for (const { place } of children(page)) {
    places[place] = contentIdAt(page.ids, position);
    position += 1;
  }
  return places;
}
