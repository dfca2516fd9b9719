import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath } from '@bakehouse/base';
import type { BlockMapId, BlockMapSummary } from '@bakehouse/domain';
import { type BlockMap, summaryOf } from './block-map.ts';
import {
  decodeBlockMap,
  decodeMapHeader,
  encodeBlockMap,
  mapHeaderBytes,
} from './block-map-format.ts';
import { type DataDirectory, isMapId } from './data-directory.ts';
import { writeDurably } from './durable-files.ts';
import { MapDamagedError, MapMissingError } from './store-errors.ts';

/** The maps of a store: their summaries in memory, their blocks on disk. */
export class MapFolder {
  readonly #directory: DataDirectory;
  readonly #known = new Map<BlockMapId, BlockMapSummary | MapDamagedError>();

  constructor(directory: DataDirectory) {
    this.#directory = directory;
  }

  async open(): Promise<void> {
    for (const name of await readdir(this.#directory.maps)) {
      if (isMapId(name)) this.#known.set(name, await this.#readSummary(name));
    }
  }

  ids(): readonly BlockMapId[] {
    return [...this.#known.keys()];
  }

  /** Undefined when there is no such map; throws MapDamagedError. */
  find(mapId: BlockMapId): BlockMapSummary | undefined {
    const known = this.#known.get(mapId);
    if (known instanceof MapDamagedError) throw known;
    return known;
  }

  /** Throws MapMissingError or MapDamagedError. */
  async read(mapId: BlockMapId): Promise<BlockMap> {
    if (!this.#known.has(mapId)) throw new MapMissingError(mapId);
    const bytes = await readFile(this.#path(mapId)).catch((error: unknown) => {
      throw new MapDamagedError(mapId, `it cannot be read: ${String(error)}`);
    });
    return decodeBlockMap(bytes, mapId);
  }

  /** Durable when it resolves. The chunks that the map names must be durable before. */
  async add(map: BlockMap): Promise<void> {
    const path = this.#path(map.mapId);
    try {
      await writeDurably({
        tmpPath: join(this.#directory.tmp, map.mapId),
        path,
        bytes: await encodeBlockMap(map),
      });
    } catch (error) {
      // It may have its name by now: the next opening would find a map whose chunks prune has dropped.
      await rm(path, { force: true });
      throw error;
    }
    this.#known.set(map.mapId, summaryOf(map));
  }

  /** Nobody finds the maps any more from the call on; their files are gone for good when it resolves. */
  async remove(mapIds: readonly BlockMapId[]): Promise<void> {
    for (const mapId of mapIds) this.#known.delete(mapId);
    for (const mapId of mapIds) await rm(this.#path(mapId), { force: true });
    if (mapIds.length > 0) await syncPath(this.#directory.maps);
  }

  async #readSummary(mapId: BlockMapId): Promise<BlockMapSummary | MapDamagedError> {
    const file = await open(this.#path(mapId), 'r');
    try {
      const { bytesRead, buffer } = await file.read(
        Buffer.alloc(mapHeaderBytes),
        0,
        mapHeaderBytes,
        0,
      );
      return decodeMapHeader(buffer.subarray(0, bytesRead), mapId);
    } catch (error) {
      if (error instanceof MapDamagedError) return error;
      throw error;
    } finally {
      await file.close();
    }
  }

  #path(mapId: BlockMapId): string {
    return join(this.#directory.maps, mapId);
  }
}
