import { type BlockMapId, MapMissingError } from '@bakehouse/domain';
import type { DraftEntry } from '../format/draft-format.ts';
import { type DraftFolder, draftBase } from '../maps/draft-folder.ts';
import type { MapCatalogue } from '../maps/map-catalogue.ts';
import type { MapTree, PageSource } from '../maps/map-tree.ts';

export interface HolderContext {
  readonly maps: MapCatalogue;
  readonly drafts: DraftFolder;
  readonly pages: PageSource;
}

/** What keeps chunks and pages: a map, or a draft. */
export interface Holder {
  readonly mapId: BlockMapId;
  /**
   * Opens the map that a draft has become, if it was sealed meanwhile. Throws MapMissingError when it was removed,
   * MapDamagedError when it cannot be read.
   */
  open(): Promise<OpenedHolder>;
}

export interface OpenedHolder {
  readonly sizeBytes: number;
  /** A map's blocks; a draft's are those that were written. */
  readonly blockCount: number | undefined;
  /** A map's tree, or that of a draft's base. */
  readonly tree: MapTree | undefined;
  /**
   * What was written to a draft, in the order of the writes. Throws MapDamagedError, or MapMissingError for a draft that
   * was removed or sealed: see `useHolder`.
   */
  readonly written: AsyncIterable<DraftEntry>;
}

/** All maps and drafts of this moment. */
export function holdersOf({ maps, drafts, pages }: HolderContext): readonly Holder[] {
  const mapHolder = (mapId: BlockMapId) => ({
    mapId,
    async open() {
      const { tree, blockCount } = await maps.read(mapId);
      return { sizeBytes: tree.sizeBytes, blockCount, tree, written: nothing() };
    },
  });
  const draftHolder = (mapId: BlockMapId) => ({
    mapId,
    async open() {
      const draft = drafts.find(mapId);
      if (draft === undefined) return mapHolder(mapId).open();
      const { sizeBytes, base } = draft;
      const tree = base && draftBase(base, pages);
      return { sizeBytes, blockCount: undefined, tree, written: drafts.written(mapId) };
    },
  });
  return [...maps.ids().map(mapHolder), ...drafts.ids().map(draftHolder)];
}

/**
 * Calls `use` with what the holder has; once more, with the map, for a draft that was sealed before it was read. Throws
 * MapMissingError when the holder was removed, MapDamagedError when it cannot be read.
 */
export async function useHolder<Result>(
  holder: Holder,
  use: (opened: OpenedHolder) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(await holder.open());
  } catch (error) {
    if (!(error instanceof MapMissingError)) throw error;
    return use(await holder.open());
  }
}

async function* nothing(): AsyncGenerator<DraftEntry> {}
