import { KeyedLock } from '@bakehouse/base';
import { type BlockMapId, type BlockMapSummary, MapMissingError } from '@bakehouse/domain';
import {
  FileMissingError,
  readRange,
  readWhole,
  type StoreFiles,
  UnreadableBytesError,
} from '../files/store-files.ts';
import { blockCountOf } from '../format/block-size.ts';
import {
  decodeFlatHeader,
  decodeFlatMap,
  type FlatMap,
  flatHeaderBytes,
} from '../format/flat-map-format.ts';
import type { KeyId } from '../format/key-id.ts';
import { decodeHead, encodeHead, headBytes, type MapHead } from '../format/map-head-format.ts';
import { rootLevel } from '../format/page-format.ts';
import { flatMapName, headName, mapOfFile } from '../format/store-layout.ts';
import { RecentCache } from '../read/recent-cache.ts';
import { MapDamagedError } from '../store-errors.ts';
import { treeOfFlat } from './flat-tree.ts';
import { type MapTree, type PageSource, PageUnreadableError } from './map-tree.ts';

/** A map, ready to be read. */
export interface OpenedMap {
  readonly mapId: BlockMapId;
  readonly keyId: KeyId | undefined;
  /** Blocks that are not zeros. */
  readonly blockCount: number;
  readonly tree: MapTree;
}

const cachedHeadsMax = 10_000;

/** The maps of a store. Their ids are in memory; heads are read when they are needed. */
export class MapCatalogue {
  readonly #files: StoreFiles;
  readonly #pages: PageSource;
  readonly #ids = new Set<BlockMapId>();
  /** Of format 1, not converted yet. */
  readonly #flat = new Set<BlockMapId>();
  readonly #heads = new RecentCache<MapHead>(cachedHeadsMax, () => 1);
  /** A map is not removed while it is being converted. */
  readonly #locks = new KeyedLock();

  constructor(files: StoreFiles, pages: PageSource) {
    this.#files = files;
    this.#pages = pages;
  }

  async open(): Promise<void> {
    const heads = new Set<BlockMapId>();
    for (const name of await this.#files.list('maps')) {
      const file = mapOfFile(name);
      if (file === undefined) continue;
      this.#ids.add(file.mapId);
      (file.isFlat ? this.#flat : heads).add(file.mapId);
    }
    // Killed after the conversion, before the flat map was removed.
    const leftOver = [...this.#flat].filter((mapId) => heads.has(mapId));
    for (const mapId of leftOver) this.#flat.delete(mapId);
    await this.#files.remove(leftOver.map(flatMapName));
  }

  ids(): readonly BlockMapId[] {
    return [...this.#ids];
  }

  has(mapId: BlockMapId): boolean {
    return this.#ids.has(mapId);
  }

  /** Maps of format 1 that are not converted yet. */
  flatIds(): readonly BlockMapId[] {
    return [...this.#flat];
  }

  /** Undefined when there is no such map; throws MapDamagedError. */
  async find(mapId: BlockMapId): Promise<BlockMapSummary | undefined> {
    try {
      return await this.#eitherForm(mapId, {
        flat: () => this.#readFlatHeader(mapId),
        head: async () => {
          const { keyId: _key, root: _root, ...summary } = await this.#readHead(mapId);
          return summary;
        },
      });
    } catch (error) {
      if (error instanceof MapMissingError) return undefined;
      throw error;
    }
  }

  /** Throws MapMissingError or MapDamagedError. */
  read(mapId: BlockMapId): Promise<OpenedMap> {
    return this.#eitherForm<OpenedMap>(mapId, {
      flat: async () => {
        const flat = await this.#readFlat(mapId);
        const { blockCount } = flat;
        return { mapId, keyId: undefined, blockCount, tree: await treeOfFlat(flat) };
      },
      head: async () => {
        const { sizeBytes, root, keyId, blockCount } = await this.#readHead(mapId);
        const level = rootLevel(blockCountOf(sizeBytes));
        const tree = { sizeBytes, root, level, pages: this.#pages };
        return { mapId, keyId, blockCount, tree };
      },
    });
  }

  /** Heads are read from disk again. */
  forgetHeads(): void {
    this.#heads.clear();
  }

  /** Durable when it resolves. The pages and chunks of the map must be durable before. */
  async add(head: MapHead): Promise<void> {
    await this.#files.publish(headName(head.mapId), encodeHead(head));
    this.#ids.add(head.mapId);
    this.#heads.set(head.mapId, head);
  }

  /**
   * Replaces a map of format 1 by the head that `convert` makes of it, durable when it resolves. Does nothing when
   * the map is converted or removed already.
   */
  async replaceFlat(
    mapId: BlockMapId,
    convert: (flat: FlatMap) => Promise<MapHead>,
  ): Promise<void> {
    await this.#locks.run([mapId], async () => {
      if (!this.#flat.has(mapId)) return;
      const head = await convert(await this.#readFlat(mapId));
      if (!this.#flat.has(mapId)) return;
      await this.#files.publish(headName(mapId), encodeHead(head));
      this.#flat.delete(mapId);
      this.#heads.set(mapId, head);
      await this.#files.remove([flatMapName(mapId)]);
    });
  }

  /** Nobody finds the maps any more from the call on; their files are removed for good when it resolves. */
  async remove(mapIds: readonly BlockMapId[]): Promise<void> {
    for (const mapId of mapIds) {
      this.#ids.delete(mapId);
      this.#flat.delete(mapId);
      this.#heads.delete(mapId);
    }
    await this.#locks.run(mapIds, () =>
      this.#files.remove(mapIds.flatMap((mapId) => [headName(mapId), flatMapName(mapId)])),
    );
  }

  /** Reads a map in the form that it has, also when it is converted in between. */
  async #eitherForm<Result>(
    mapId: BlockMapId,
    reads: { readonly flat: () => Promise<Result>; readonly head: () => Promise<Result> },
  ): Promise<Result> {
    if (!this.#ids.has(mapId)) throw new MapMissingError(mapId);
    if (!this.#flat.has(mapId)) return reads.head();
    try {
      return await reads.flat();
    } catch (error) {
      const isConverted = this.#ids.has(mapId) && !this.#flat.has(mapId);
      if (isConverted) return reads.head();
      throw error;
    }
  }

  async #readHead(mapId: BlockMapId): Promise<MapHead> {
    const cached = this.#heads.get(mapId);
    if (cached !== undefined) return cached;
    // One byte more than a head has: a longer file is damaged.
    const range = { offset: 0, lengthBytes: headBytes + 1 };
    const bytes = await this.#orDamaged(mapId, readRange(this.#files, headName(mapId), range));
    const head = decodeHead(bytes, mapId);
    if (this.#ids.has(mapId)) this.#heads.set(mapId, head);
    return head;
  }

  async #readFlat(mapId: BlockMapId): Promise<FlatMap> {
    const bytes = await this.#orDamaged(mapId, readWhole(this.#files, flatMapName(mapId)));
    return decodeFlatMap(bytes, mapId);
  }

  async #readFlatHeader(mapId: BlockMapId): Promise<BlockMapSummary> {
    const range = { offset: 0, lengthBytes: flatHeaderBytes };
    const bytes = await this.#orDamaged(mapId, readRange(this.#files, flatMapName(mapId), range));
    return decodeFlatHeader(bytes, mapId);
  }

  /**
   * A file that is missing is a map that was removed, unless the catalogue still has it. Errors that say nothing about
   * the map, such as a lack of file handles, stay as they are.
   */
  async #orDamaged(mapId: BlockMapId, reading: Promise<Buffer>): Promise<Buffer> {
    return reading.catch((error: unknown) => {
      const isMissing = error instanceof FileMissingError;
      if (isMissing && !this.#ids.has(mapId)) throw new MapMissingError(mapId);
      if (!isMissing && !(error instanceof UnreadableBytesError)) throw error;
      throw new MapDamagedError(mapId, `it cannot be read: ${String(error)}`, { cause: error });
    });
  }
}

/** A page that cannot be read, as damage of the map that needs it; other errors stay as they are. */
export function mapError(mapId: BlockMapId, error: unknown): unknown {
  if (!(error instanceof PageUnreadableError)) return error;
  return new MapDamagedError(mapId, error.message, { cause: error });
}
