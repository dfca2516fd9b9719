import { children, type MapPage } from '../format/page-format.ts';
import { mapError } from '../maps/map-catalogue.ts';
import { type MapTree, PageUnreadableError } from '../maps/map-tree.ts';
import { PageWalk } from '../maps/page-walk.ts';
import { EntryMarks } from '../segments/entry-marks.ts';
import type { SegmentSet } from '../segments/segment-set.ts';
import { MapDamagedError } from '../store-errors.ts';
import { type HolderContext, holdersOf, type OpenedHolder, useHolder } from './holders.ts';

export interface MarkContext extends HolderContext {
  readonly segments: SegmentSet;
  /** The bases of captures that run. */
  readonly runningBases: () => Iterable<MapTree>;
}

/**
 * Marks every page and chunk that a map, a draft or a running capture's base reaches. Throws MapDamagedError for a map
 * or draft that cannot be read: it may name anything.
 */
export async function markLive(context: MarkContext): Promise<EntryMarks> {
  const { index } = context.segments;
  const live = new EntryMarks();
  const walk = new PageWalk(index);
  const mark = (id: Uint8Array) => {
    const entry = index.entryOf(id);
    if (entry !== undefined) live.add(entry);
  };
  for (const tree of context.runningBases()) {
    await walk.visit(tree, { page: (page, id) => visitNames(page, id, mark) });
  }
  for (const holder of holdersOf(context)) {
    const visiting = useHolder(holder, (opened) => visitHolder(opened, walk, mark));
    await visiting.catch((error: unknown) => {
      throw mapError(holder.mapId, error);
    });
  }
  return live;
}

/** Whether everything that a map or a draft names is stored; false also when one cannot be read. */
export async function isNothingMissing(
  context: Pick<MarkContext, keyof HolderContext | 'segments'>,
): Promise<boolean> {
  const { index } = context.segments;
  const walk = new PageWalk(index);
  let isMissing = false;
  const check = (id: Uint8Array) => {
    isMissing ||= !index.has(id);
  };
  try {
    for (const holder of holdersOf(context)) {
      await useHolder(holder, (opened) => visitHolder(opened, walk, check));
    }
    return !isMissing;
  } catch (error) {
    const isDamage = error instanceof MapDamagedError || error instanceof PageUnreadableError;
    if (isDamage) return false;
    throw error;
  }
}

/** Calls `visit` with the name of every page and chunk that the holder reaches. */
async function visitHolder(
  { tree, written }: OpenedHolder,
  walk: PageWalk,
  visit: (id: Uint8Array) => void,
): Promise<void> {
  if (tree !== undefined) {
    await walk.visit(tree, { page: (page, id) => visitNames(page, id, visit) });
  }
  for await (const { chunkId } of written) if (chunkId !== undefined) visit(chunkId);
}

function visitNames(page: MapPage, id: Uint8Array, visit: (id: Uint8Array) => void): void {
  visit(id);
  if (page.level === 0) for (const child of children(page)) visit(child.id);
}
