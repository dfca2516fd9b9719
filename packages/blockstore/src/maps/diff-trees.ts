import { isSameId } from '../format/content-id.ts';
import { childAt, placesPerPage } from '../format/page-format.ts';
import { type MapTree, pageAt, placeSpan } from './map-tree.ts';

/** One block that differs; undefined is zeros, or that the disk ends before. Views: copy what is kept. */
export interface TreeDifference {
  readonly blockIndex: number;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

/** A page as one of the two trees has it, or a chunk. Its level may be below that of the place it is in: then it is the first one there. */
interface Node {
  readonly id: Uint8Array;
  readonly level: number;
}

interface Pair {
  readonly before: Node | undefined;
  readonly after: Node | undefined;
  /** Of the place that both are in; -1 is a block. */
  readonly level: number;
  readonly first: number;
}

/**
 * What turns `before` into `after`, from block `from` on, in order. Where both trees have the same page nothing is
 * read: a comparison costs what differs.
 */
export async function* diffTrees(
  before: MapTree,
  after: MapTree,
  from = 0,
): AsyncGenerator<TreeDifference> {
  const level = Math.max(before.level, after.level);
  /** Pairs still to compare, the next one at the end. */
  const stack: Pair[] = [{ before: nodeOf(before), after: nodeOf(after), level, first: 0 }];
  for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
    if (isSameNode(pair.before, pair.after) || endOf(pair) <= from) continue;
    if (pair.level >= 0) stack.push(...(await pairsBelow(before, after, pair)));
    else yield { blockIndex: pair.first, before: pair.before?.id, after: pair.after?.id };
  }
}

function endOf({ level, first }: Pair): number {
  return first + placeSpan(level + 1);
}

/** The pairs in the places of the level below, the last place first. */
async function pairsBelow(before: MapTree, after: MapTree, pair: Pair): Promise<readonly Pair[]> {
  const span = placeSpan(pair.level);
  const [left, right] = await Promise.all([
    placesBelow(before, pair.before, pair),
    placesBelow(after, pair.after, pair),
  ]);
  const pairs: Pair[] = [];
  for (let place = placesPerPage - 1; place >= 0; place -= 1) {
    const [was, is] = [left(place), right(place)];
    if (was === undefined && is === undefined) continue;
    const first = pair.first + place * span;
    pairs.push({ before: was, after: is, level: pair.level - 1, first });
  }
  return pairs;
}

function nodeOf({ root, level }: MapTree): Node | undefined {
  return root && { id: root, level };
}

function isSameNode(left: Node | undefined, right: Node | undefined): boolean {
  return left?.level === right?.level && isSameId(left?.id, right?.id);
}

/** What a node has in each place of the level below. */
async function placesBelow(
  { pages }: MapTree,
  node: Node | undefined,
  { level, first }: Pair,
): Promise<(place: number) => Node | undefined> {
  if (node === undefined) return () => undefined;
  // The root of a smaller disk: all of it is in the first place.
  if (node.level < level) return (place) => (place === 0 ? node : undefined);
  const page = await pageAt(pages, { id: node.id, level, first });
  return (place) => {
    const id = childAt(page, place);
    return id && { id, level: level - 1 };
  };
}
