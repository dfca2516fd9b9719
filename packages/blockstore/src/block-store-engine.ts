import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  BlockMapId,
  BlockMapSummary,
  BlockSource,
  BlockSourceAddress,
  CaptureProgress,
  CaptureRequest,
  PruneResult,
  SnapshotStore,
  StoreUsage,
  VerifyResult,
} from '@bakehouse/domain';
import type { BlockMap } from './block-map.ts';
import { type BlockMapReader, blockMapReader } from './block-map-reader.ts';
import { captureDisk } from './capture-disk.ts';
import { ChunkPins } from './chunk-pins.ts';
import { ChunkReader } from './chunk-reader.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { CoderPool } from './coder-pool.ts';
import { type DataDirectory, isMapId } from './data-directory.ts';
import { openFileSource } from './file-source.ts';
import type { MapFolder } from './map-folder.ts';
import { pruneStore } from './prune-store.ts';
import type { SegmentSet } from './segment-set.ts';
import type { StoreLock } from './store-lock.ts';
import { storeUsage } from './store-usage.ts';
import type { TailWriter } from './tail-writer.ts';
import { verifyStore } from './verify-store.ts';

type OpenSource = (address: BlockSourceAddress, signal: AbortSignal) => Promise<BlockSource>;
type CaptureOptions = Parameters<SnapshotStore['capture']>[1];

export interface EngineParts {
  readonly directory: DataDirectory;
  readonly segments: SegmentSet;
  readonly tail: TailWriter;
  readonly maps: MapFolder;
  readonly lock: StoreLock;
  readonly openSource: OpenSource | undefined;
  readonly cacheBytesMax: number;
  readonly threadCount: number;
}

/** The store, opened by `openBlockStore`. */
export class BlockStoreEngine implements SnapshotStore, AsyncDisposable {
  readonly #parts: EngineParts;
  readonly #coders: CoderPool;
  /** Of their own, so that a guest's reads do not wait behind a capture's blocks. */
  readonly #readCoders: CoderPool;
  readonly #reader: ChunkReader;
  readonly #writer: ChunkWriter;
  readonly #pins = new ChunkPins();
  readonly #closing = new AbortController();
  /** Captures under way, and the maps that they build on. */
  readonly #captures = new Map<BlockMapId, Promise<unknown>>();
  readonly #bases = new Map<BlockMapId, number>();
  #prune: Promise<unknown> = Promise.resolve();

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#coders = new CoderPool(parts.threadCount);
    this.#readCoders = new CoderPool(parts.threadCount);
    this.#reader = new ChunkReader(parts.segments, this.#readCoders, parts.cacheBytesMax);
    this.#writer = new ChunkWriter(parts.segments, parts.tail);
  }

  /** Throws StoreFullError, MapMissingError for the base, the signal's reason, or the source's error. */
  async capture(request: CaptureRequest, options?: CaptureOptions): Promise<BlockMapSummary> {
    const { mapId } = request;
    if (!isMapId(mapId)) throw new Error(`'${mapId}' is no id of a map`);
    // A second request for the same map waits for the first and then finds its map, or tries itself.
    for (;;) {
      const other = this.#captures.get(mapId);
      if (other === undefined) break;
      await other.catch(() => {});
    }
    const existing = this.#parts.maps.find(mapId);
    if (existing !== undefined) return existing;
    const work = this.#capture(request, options).finally(() => this.#captures.delete(mapId));
    this.#captures.set(mapId, work);
    return work;
  }

  async find(mapId: BlockMapId): Promise<BlockMapSummary | undefined> {
    return this.#parts.maps.find(mapId);
  }

  async list(): Promise<readonly BlockMapId[]> {
    return this.#parts.maps.ids();
  }

  /** The disk of a map. Throws MapMissingError or MapDamagedError. The map is not kept from prune. */
  async openMap(mapId: BlockMapId): Promise<BlockMapReader> {
    return blockMapReader(await this.#parts.maps.read(mapId), this.#reader);
  }

  /** The map itself: which chunk each block is. Throws MapMissingError or MapDamagedError. */
  readMap(mapId: BlockMapId): Promise<BlockMap> {
    return this.#parts.maps.read(mapId);
  }

  usage(): Promise<StoreUsage> {
    return storeUsage(this.#parts);
  }

  /** One prune at a time. Throws MapDamagedError when a map that stays cannot be read: remove or restore it. */
  prune(remove: ReadonlySet<BlockMapId>): Promise<PruneResult> {
    // A map that a capture makes from now on is not meant, even if it is there before the prune's turn comes.
    const meant = new Set(this.#parts.maps.ids()).intersection(remove);
    const context = { ...this.#parts, pins: this.#pins, inUse: () => this.#mapsInUse() };
    const work = this.#prune.then(() => pruneStore(context, meant));
    this.#prune = work.catch(() => {});
    return work;
  }

  verify(onProgress?: (progress: CaptureProgress) => void): Promise<VerifyResult> {
    return verifyStore({ ...this.#parts, coders: this.#coders, onProgress });
  }

  /** Files in the making: none when nothing is under way. */
  async strayFiles(): Promise<readonly string[]> {
    const { tmp } = this.#parts.directory;
    return (await readdir(tmp)).map((name) => join(tmp, name));
  }

  /** Aborts captures, waits for a prune, and gives the folder free. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the block store is closing'));
    await Promise.allSettled([...this.#captures.values(), this.#prune]);
    await this.#coders.close();
    await this.#readCoders.close();
    try {
      await this.#parts.tail.close();
    } finally {
      await this.#parts.segments.close();
      this.#parts.lock.release();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #capture(request: CaptureRequest, options: CaptureOptions): Promise<BlockMapSummary> {
    const { mapId, baseMapId } = request;
    const signals = [this.#closing.signal, ...(options?.signal ? [options.signal] : [])];
    const signal = AbortSignal.any(signals);
    signal.throwIfAborted();
    this.#coders.prepare();
    await using ended = new AsyncDisposableStack();
    const pins = this.#pins.open();
    const flushes = this.#parts.tail.watch();
    ended.defer(() => pins.release());
    if (baseMapId !== undefined) ended.defer(this.#holdBase(baseMapId));
    const base = baseMapId === undefined ? undefined : await this.#parts.maps.read(baseMapId);
    const source = await this.#openSource(request.source, signal);
    const close = once(() => source.close());
    ended.defer(close);
    // Reads under way reject, so that nothing waits for a source that has gone silent.
    const onAbort = () => void close().catch(() => {});
    signal.addEventListener('abort', onAbort, { once: true });
    ended.defer(() => signal.removeEventListener('abort', onAbort));
    const context = {
      coders: this.#coders,
      chunks: this.#writer,
      pins,
      sync: () => flushes.sync(),
      commit: (map: BlockMap) => this.#parts.maps.add(map),
      signal,
      onProgress: options?.onProgress,
    };
    try {
      return await captureDisk(context, { mapId, source, base });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  }

  #openSource(address: BlockSourceAddress, signal: AbortSignal): Promise<BlockSource> {
    if (address.kind === 'file') return openFileSource(address.path, signal);
    const open = this.#parts.openSource;
    if (open === undefined) throw new Error(`this block store cannot read ${address.kind} disks`);
    return open(address, signal);
  }

  /** Captures under way make these maps or build on them. */
  #mapsInUse(): ReadonlySet<BlockMapId> {
    return new Set([...this.#captures.keys(), ...this.#bases.keys()]);
  }

  #holdBase(mapId: BlockMapId): () => void {
    this.#bases.set(mapId, (this.#bases.get(mapId) ?? 0) + 1);
    return () => {
      const left = (this.#bases.get(mapId) ?? 0) - 1;
      if (left > 0) this.#bases.set(mapId, left);
      else this.#bases.delete(mapId);
    };
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
