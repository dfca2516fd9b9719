import { setImmediate as nextTurn } from 'node:timers/promises';
import { contentKey } from '../format/content-id.ts';
import { children, type MapPage } from '../format/page-format.ts';
import type { ContentIndex } from '../segments/content-index.ts';
import { EntryMarks } from '../segments/entry-marks.ts';
import { type MapTree, PageUnreadableError, type PlacedPage, pageAt, rootOf } from './map-tree.ts';

const pagesAtOnce = 32;

export interface PageVisitor {
  readonly page: (page: MapPage, id: Uint8Array) => void;
  /** Without it, a page that cannot be read ends the walk with PageUnreadableError. */
  readonly unreadable?: (id: Uint8Array, error: PageUnreadableError) => void;
}

/** Visits the pages of many trees, each page once, however many trees share it. */
export class PageWalk {
  readonly #index: ContentIndex;
  readonly #seen = new EntryMarks();
  /** Pages that are not stored: those of flat maps. */
  readonly #seenUnstored = new Set<string>();

  constructor(index: ContentIndex) {
    this.#index = index;
  }

  async visit(tree: MapTree, visitor: PageVisitor): Promise<void> {
    const root = rootOf(tree);
    const stack = root === undefined ? [] : [root].filter(({ id }) => this.#isNew(id));
    while (stack.length > 0) {
      const batch = stack.splice(-pagesAtOnce);
      const results = await Promise.allSettled(batch.map((placed) => pageAt(tree.pages, placed)));
      for (const [at, result] of results.entries()) {
        const placed = batch[at];
        if (placed !== undefined) stack.push(...this.#visitOne(placed, result, visitor));
      }
      // Pages in memory take no turn on their own, and guests' reads wait for one.
      await nextTurn();
    }
  }

  /** The pages below that are still to be visited. */
  #visitOne(
    { id }: PlacedPage,
    result: PromiseSettledResult<MapPage>,
    { page: visit, unreadable }: PageVisitor,
  ): readonly PlacedPage[] {
    if (result.status === 'rejected') {
      const error: unknown = result.reason;
      if (unreadable === undefined || !(error instanceof PageUnreadableError)) throw error;
      unreadable(id, error);
      return [];
    }
    const page = result.value;
    visit(page, id);
    if (page.level === 0) return [];
    return [...children(page)]
      .filter((child) => this.#isNew(child.id))
      .map((child) => ({ id: child.id, level: page.level - 1, first: 0 }));
  }

  #isNew(pageId: Uint8Array): boolean {
    const entry = this.#index.entryOf(pageId);
    if (entry !== undefined) return this.#seen.add(entry);
    const key = contentKey(pageId);
    if (this.#seenUnstored.has(key)) return false;
    this.#seenUnstored.add(key);
    return true;
  }
}
