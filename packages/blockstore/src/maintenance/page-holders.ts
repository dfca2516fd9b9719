import { setImmediate as nextTurn } from 'node:timers/promises';
import { invariant } from '@bakehouse/base';
import { contentKey } from '../format/content-id.ts';
import { children, type MapPage } from '../format/page-format.ts';
import { type MapTree, type PageSource, PageUnreadableError, pageAt } from '../maps/map-tree.ts';
import type { ContentIndex, EntryNumber } from '../segments/content-index.ts';
import { HolderSets, type SetNumber } from './holder-sets.ts';

const pagesAtOnce = 32;
const chunksPerTurn = 16_384;

/** The number of a page or chunk here: even, of its index entry; odd for a page of a flat map, which is not stored. */
type Slot = number;

const slotOf = (entry: EntryNumber): Slot => entry * 2;
const isStored = (slot: Slot) => slot % 2 === 0;

interface UnstoredPage {
  readonly id: Uint8Array;
  readonly pages: PageSource;
}

/** Which sets of maps reach each slot: a number each while it is one set, a list where it is more. */
class Reached {
  #first = new Uint32Array(1024);
  readonly #more = new Map<Slot, SetNumber[]>();

  /** True when nothing had reached the slot. */
  add(slot: Slot, set: SetNumber): boolean {
    if (slot >= this.#first.length) this.#grow(slot);
    const first = this.#first[slot] ?? 0;
    if (first === 0) this.#first[slot] = set + 1;
    else if (first !== set + 1) this.#addMore(slot, set);
    return first === 0;
  }

  of(slot: Slot): readonly SetNumber[] {
    const first = this.#first[slot] ?? 0;
    if (first === 0) return [];
    return [first - 1, ...(this.#more.get(slot) ?? [])];
  }

  #addMore(slot: Slot, set: SetNumber): void {
    const more = this.#more.get(slot);
    if (more === undefined) this.#more.set(slot, [set]);
    else if (more.at(-1) !== set) more.push(set);
  }

  #grow(slot: Slot): void {
    const first = new Uint32Array(Math.max(slot + 1, this.#first.length * 2));
    first.set(this.#first);
    this.#first = first;
  }
}

/**
 * Which maps name each chunk. All trees are walked together, level by level from the top, so that a page that a
 * thousand maps share is read once, and what is below it counted once. No content may leave the index meanwhile.
 */
export class PageHolders {
  readonly sets = new HolderSets();
  readonly #index: ContentIndex;
  readonly #pages: PageSource;
  readonly #reached = new Reached();
  /** By level: pages still to be visited. */
  readonly #levels: Slot[][] = [];
  readonly #chunks: EntryNumber[] = [];
  readonly #unstored: UnstoredPage[] = [];
  readonly #unstoredSlots = new Map<string, Slot>();

  constructor(index: ContentIndex, pages: PageSource) {
    this.#index = index;
    this.#pages = pages;
  }

  addTree(tree: MapTree, set: SetNumber): void {
    if (tree.root !== undefined) this.#reachPage(tree.level, tree.root, { set, pages: tree.pages });
  }

  #addChunk(chunkId: Uint8Array, set: SetNumber): void {
    const entry = this.#index.entryOf(chunkId);
    if (entry !== undefined) this.addEntry(entry, set);
  }

  /** Adds the chunk of this index entry. */
  addEntry(entry: EntryNumber, set: SetNumber): void {
    if (this.#reached.add(slotOf(entry), set)) this.#chunks.push(entry);
  }

  /**
   * Walks the trees. Calls `page` for each stored page, then `chunk` for each stored chunk with the set of maps that
   * name it. A page that cannot be read is skipped with what is below it: verify reports it.
   */
  async visit(visitor: {
    readonly page: (entry: EntryNumber) => void;
    readonly chunk: (entry: EntryNumber, holders: SetNumber) => void;
  }): Promise<void> {
    for (let level = this.#levels.length - 1; level >= 0; level -= 1) {
      await this.#visitLevel(level, visitor.page);
    }
    for (const [count, entry] of this.#chunks.entries()) {
      visitor.chunk(entry, this.sets.union(this.#reached.of(slotOf(entry))));
      if (count % chunksPerTurn === 0) await nextTurn();
    }
  }

  async #visitLevel(level: number, visitPage: (entry: EntryNumber) => void): Promise<void> {
    const found = this.#levels[level] ?? [];
    this.#levels.length = level;
    for (let start = 0; start < found.length; start += pagesAtOnce) {
      const batch = found.slice(start, start + pagesAtOnce);
      for (const slot of batch) if (isStored(slot)) visitPage(slot / 2);
      const pages = await Promise.all(batch.map((slot) => this.#read(slot, level)));
      for (const [at, page] of pages.entries()) {
        const slot = batch[at];
        if (slot !== undefined && page !== undefined) this.#visitPage(slot, page);
      }
      await nextTurn();
    }
  }

  /** Undefined for a page that cannot be read. */
  async #read(slot: Slot, level: number): Promise<MapPage | undefined> {
    const { id, pages } = this.#pageOf(slot);
    return pageAt(pages, { id, level, first: 0 }).catch((error: unknown) => {
      if (error instanceof PageUnreadableError) return undefined;
      throw error;
    });
  }

  #visitPage(slot: Slot, page: MapPage): void {
    const set = this.sets.union(this.#reached.of(slot));
    const { pages } = this.#pageOf(slot);
    for (const { id } of children(page)) {
      if (page.level > 0) this.#reachPage(page.level - 1, id, { set, pages });
      else this.#addChunk(id, set);
    }
  }

  #reachPage(
    level: number,
    id: Uint8Array,
    { set, pages }: { readonly set: SetNumber; readonly pages: PageSource },
  ): void {
    const entry = this.#index.entryOf(id);
    const slot = entry === undefined ? this.#unstoredSlot(id, pages) : slotOf(entry);
    if (!this.#reached.add(slot, set)) return;
    while (this.#levels.length <= level) this.#levels.push([]);
    this.#levels[level]?.push(slot);
  }

  #unstoredSlot(id: Uint8Array, pages: PageSource): Slot {
    const key = contentKey(id);
    const known = this.#unstoredSlots.get(key);
    if (known !== undefined) return known;
    const slot = this.#unstored.length * 2 + 1;
    this.#unstored.push({ id: Uint8Array.from(id), pages });
    this.#unstoredSlots.set(key, slot);
    return slot;
  }

  #pageOf(slot: Slot): UnstoredPage {
    if (isStored(slot)) return { id: this.#index.idOf(slot / 2), pages: this.#pages };
    const page = this.#unstored[(slot - 1) / 2];
    invariant(page !== undefined, 'an odd slot is of a page that was added');
    return page;
  }
}
