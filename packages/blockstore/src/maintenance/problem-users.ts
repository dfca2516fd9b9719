import { contentKey } from '../format/content-id.ts';
import { children } from '../format/page-format.ts';
import {
  type MapTree,
  type PageSource,
  PageUnreadableError,
  type PlacedPage,
  pageAt,
  rootOf,
} from '../maps/map-tree.ts';

const nothing: ReadonlySet<string> = new Set();

/** Finds which of some chunks and pages a tree reaches. What pages have in common is looked at once. */
export class ProblemUsers {
  readonly isProblem: (key: string) => boolean;
  /** By the key of a page: the keys of the problems that are it or below it. */
  readonly #known = new Map<string, ReadonlySet<string>>();

  constructor(isProblem: (key: string) => boolean) {
    this.isProblem = isProblem;
  }

  async problemsOf(tree: MapTree): Promise<ReadonlySet<string>> {
    const root = rootOf(tree);
    return root === undefined ? nothing : this.#below(tree.pages, root);
  }

  async #below(pages: PageSource, placed: PlacedPage): Promise<ReadonlySet<string>> {
    const key = contentKey(placed.id);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = new Set<string>(this.isProblem(key) ? [key] : []);
    // A page that cannot be read is a problem itself, and what is below it is not known.
    const page = await pageAt(pages, placed).catch((error: unknown) => {
      if (error instanceof PageUnreadableError) return undefined;
      throw error;
    });
    for (const { id } of page === undefined ? [] : children(page)) {
      const childKey = contentKey(id);
      if (placed.level === 0) {
        if (this.isProblem(childKey)) found.add(childKey);
        continue;
      }
      const child = { id, level: placed.level - 1, first: 0 };
      for (const problem of await this.#below(pages, child)) found.add(problem);
    }
    const result = found.size === 0 ? nothing : found;
    this.#known.set(key, result);
    return result;
  }
}
