import { contentIdHex } from '../format/content-id.ts';
import { childAt, type MapPage, pageSpan } from '../format/page-format.ts';

/** Where pages come from. */
export interface PageSource {
  /** The page when it is in memory. */
  peek(pageId: Uint8Array): MapPage | undefined;
  /** Throws PageUnreadableError. */
  read(pageId: Uint8Array): Promise<MapPage>;
}

/** A page is missing, damaged, or not of the level that its place says. */
export class PageUnreadableError extends Error {
  override readonly name = 'PageUnreadableError';

  constructor(pageId: string, problem: string, options?: ErrorOptions) {
    super(`page ${pageId} ${problem}`, options);
  }
}

/** Which chunk each block of a disk is. Immutable. See docs/formats/snapshot-map.md. */
export interface MapTree {
  readonly sizeBytes: number;
  /** Undefined when all blocks are zeros. */
  readonly root: Uint8Array | undefined;
  /** Of the root. */
  readonly level: number;
  readonly pages: PageSource;
}

/** A page that covers blocks from `first` on. */
export interface PlacedPage {
  readonly id: Uint8Array;
  readonly level: number;
  readonly first: number;
}

/** The page's blocks end before this one. */
function endOf({ level, first }: Pick<PlacedPage, 'level' | 'first'>): number {
  return first + pageSpan(level);
}

/** How many blocks a place of a page of this level covers. */
export function placeSpan(level: number): number {
  return level === 0 ? 1 : pageSpan(level - 1);
}

/** Throws PageUnreadableError, also when the page does not belong where the tree has it. */
export async function pageAt(pages: PageSource, placed: PlacedPage): Promise<MapPage> {
  const page = pages.peek(placed.id) ?? (await pages.read(placed.id));
  if (page.level === placed.level) return page;
  throw new PageUnreadableError(contentIdHex(placed.id), `is not of level ${placed.level}`);
}

/** The page in a place of this page, which must not be a leaf; undefined when the place is empty. */
function childPage(page: MapPage, placed: PlacedPage, place: number): PlacedPage | undefined {
  const id = childAt(page, place);
  if (id === undefined) return undefined;
  return { id, level: page.level - 1, first: placed.first + place * placeSpan(page.level) };
}

export function rootOf({ root, level }: MapTree): PlacedPage | undefined {
  return root && { id: root, level, first: 0 };
}

/** The leaves that cover blocks from `from` to before `end`, in order. Those without blocks do not exist. */
export async function* leavesOf(
  tree: MapTree,
  from = 0,
  end: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<{ readonly first: number; readonly page: MapPage }> {
  const root = rootOf(tree);
  /** Pages still to visit, the next one at the end. */
  const stack = root === undefined ? [] : [root];
  for (let placed = stack.pop(); placed !== undefined; placed = stack.pop()) {
    if (endOf(placed) <= from || placed.first >= end) continue;
    const page = await pageAt(tree.pages, placed);
    if (page.level === 0) {
      yield { first: placed.first, page };
      continue;
    }
    for (let place = 63; place >= 0; place -= 1) {
      const child = childPage(page, placed, place);
      if (child !== undefined) stack.push(child);
    }
  }
}

export interface MappedBlock {
  readonly blockIndex: number;
  /** A view: copy what is kept. */
  readonly chunkId: Uint8Array;
}

/** The blocks that are not zeros, from `from` on, in order. */
export async function* blocksOf(tree: MapTree, from = 0): AsyncGenerator<MappedBlock> {
  for await (const { first, page } of leavesOf(tree, from)) {
    for (let place = Math.max(0, from - first); place < 64; place += 1) {
      const chunkId = childAt(page, place);
      if (chunkId !== undefined) yield { blockIndex: first + place, chunkId };
    }
  }
}
