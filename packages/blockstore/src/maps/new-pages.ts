import { contentIdHex, contentKey } from '../format/content-id.ts';
import { children, type MapPage } from '../format/page-format.ts';
import { type PageSource, PageUnreadableError } from './map-tree.ts';
import { type NamedPage, namePage } from './page-store.ts';

/** Pages that are not stored, over those of another source: a tree in the making, or a flat map's. */
export class NewPages implements PageSource {
  readonly #below: PageSource;
  readonly #pages = new Map<string, NamedPage>();

  constructor(below: PageSource = noPages) {
    this.#below = below;
  }

  peek(pageId: Uint8Array): MapPage | undefined {
    return this.#pages.get(contentKey(pageId))?.page ?? this.#below.peek(pageId);
  }

  async read(pageId: Uint8Array): Promise<MapPage> {
    return this.peek(pageId) ?? (await this.#below.read(pageId));
  }

  /** Returns the page's name. */
  add(page: MapPage): Uint8Array {
    const named = namePage(page);
    this.#pages.set(contentKey(named.id), named);
    return named.id;
  }

  /** The new pages of this tree, each before the page that names it. Others were made on the way and are not needed. */
  reachable(root: Uint8Array | undefined): readonly NamedPage[] {
    const found = new Map<string, NamedPage>();
    const visit = (pageId: Uint8Array) => {
      const key = contentKey(pageId);
      const named = this.#pages.get(key);
      if (named === undefined || found.has(key)) return;
      if (named.page.level > 0) for (const { id } of children(named.page)) visit(id);
      found.set(key, named);
    };
    if (root !== undefined) visit(root);
    return [...found.values()];
  }
}

const noPages: PageSource = {
  peek: () => undefined,
  read: async (pageId) => {
    throw new PageUnreadableError(contentIdHex(pageId), 'was not made');
  },
};
