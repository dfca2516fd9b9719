import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { allEnded, type Logger, serialQueue } from '@bakehouse/base';
import type {
  BlockDifferencePage,
  BlockMapId,
  BlockMapSummary,
  BlockPageRequest,
  BlockSource,
  CaptureProgress,
  CaptureRequest,
  DraftExpectation,
  DraftRequest,
  MapBlockPage,
  PrunableSnapshotStore,
  PruneResult,
  SnapshotStore,
  StoreUsage,
  VerifyResult,
} from '@bakehouse/domain';
import { type BlockSourceAddress, blockSourceAddress } from '@bakehouse/host';
import { captureDisk } from './capture/capture-disk.ts';
import { ChunkWriter } from './capture/chunk-writer.ts';
import { CoderPool } from './capture/coder-pool.ts';
import { Drafts } from './capture/drafts.ts';
import { openFileSource } from './capture/file-source.ts';
import { RunningWork } from './capture/running-work.ts';
import type { StoreFiles } from './files/store-files.ts';
import { isMapId, type StoreLayout } from './format/store-layout.ts';
import type { OrderKeeper } from './guest-reads/guest-reads.ts';
import type { OrderFolder } from './guest-reads/order-folder.ts';
import { convertFlatMap, convertFlatMaps } from './maintenance/convert-flat-maps.ts';
import { pruneStore } from './maintenance/prune-store.ts';
import { storeUsage } from './maintenance/store-usage.ts';
import { verifyStore } from './maintenance/verify-store.ts';
import { emptyTree } from './maps/change-tree.ts';
import type { DraftFolder } from './maps/draft-folder.ts';
import { type MapCatalogue, mapError, type OpenedMap } from './maps/map-catalogue.ts';
import type { PageStore } from './maps/page-store.ts';
import { ChunkReader } from './read/chunk-reader.ts';
import { diffBlocks, listBlocks } from './read/list-blocks.ts';
import { type MapReader, openMapReader } from './read/map-reader.ts';
import { watchTails } from './segments/flush-watches.ts';
import type { SegmentSet } from './segments/segment-set.ts';
import type { TailWriter } from './segments/tail-writer.ts';
import { UseEpochs } from './segments/use-epochs.ts';
import { KeyUnknownError } from './store-errors.ts';
import type { StoreLock } from './store-lock.ts';

type OpenSource = (address: BlockSourceAddress, signal: AbortSignal) => Promise<BlockSource>;
type CaptureOptions = Parameters<SnapshotStore['capture']>[1];

export interface StoreParts {
  readonly layout: StoreLayout;
  readonly files: StoreFiles;
  readonly segments: SegmentSet;
  readonly chunkTail: TailWriter;
  readonly pageTail: TailWriter;
  readonly pages: PageStore;
  readonly maps: MapCatalogue;
  readonly drafts: DraftFolder;
  readonly orders: OrderFolder;
  readonly lock: StoreLock;
  readonly logger: Logger;
  readonly openSource: OpenSource | undefined;
  readonly cacheBytesMax: number;
  readonly threadCount: number;
}

/** The store, opened by `openBlockStore`. */
export class BlockStore implements PrunableSnapshotStore, AsyncDisposable {
  readonly #parts: StoreParts;
  readonly #tails: readonly TailWriter[];
  readonly #coders: CoderPool;
  /** Of their own, so that a guest's reads do not wait behind a capture's blocks. */
  readonly #readCoders: CoderPool;
  readonly #reader: ChunkReader;
  readonly #chunks: ChunkWriter;
  readonly #drafts: Drafts;
  readonly #epochs = new UseEpochs();
  readonly #running = new RunningWork();
  readonly #closing = new AbortController();
  /** Prune changes what the others of these walk over. */
  readonly #maintenance = serialQueue();
  #converting: Promise<void> = Promise.resolve();

  constructor(parts: StoreParts) {
    this.#parts = parts;
    const { segments, chunkTail, pageTail, maps, pages, drafts } = parts;
    this.#tails = [chunkTail, pageTail];
    this.#coders = new CoderPool(parts.threadCount);
    this.#readCoders = new CoderPool(parts.threadCount);
    this.#reader = new ChunkReader(segments, this.#readCoders, parts.cacheBytesMax);
    this.#chunks = new ChunkWriter(segments, chunkTail);
    this.#drafts = new Drafts({
      folder: drafts,
      maps,
      pages,
      chunks: this.#chunks,
      coders: this.#coders,
      epochs: this.#epochs,
      running: this.#running,
      watch: () => watchTails(this.#tails),
      holdBase: (mapId) => this.#holdBase(mapId),
    });
  }

  /** Throws StoreFullError, MapMissingError for the base, the signal's reason, or the source's error. */
  capture(request: CaptureRequest, options?: CaptureOptions): Promise<BlockMapSummary> {
    const { mapId } = request;
    checkMapId(mapId);
    return this.#running.make(mapId, async () => {
      const existing = await this.#parts.maps.find(mapId);
      return existing ?? (await this.#capture(request, options));
    });
  }

  async begin(request: DraftRequest): Promise<void> {
    checkMapId(request.mapId);
    await this.#use(async () => this.#drafts.begin(request));
  }

  writeBlock(mapId: BlockMapId, blockIndex: number, bytes: Uint8Array): Promise<string> {
    return this.#use(() => this.#drafts.write(mapId, blockIndex, bytes));
  }

  seal(mapId: BlockMapId, expected?: DraftExpectation): Promise<BlockMapSummary> {
    return this.#running.make(mapId, async () => {
      this.#closing.signal.throwIfAborted();
      return await this.#drafts.seal(mapId, expected);
    });
  }

  find(mapId: BlockMapId): Promise<BlockMapSummary | undefined> {
    return this.#use(() => this.#parts.maps.find(mapId));
  }

  async list(): Promise<readonly BlockMapId[]> {
    const { maps, drafts } = this.#parts;
    return [...maps.ids(), ...drafts.ids()];
  }

  async readBlock(mapId: BlockMapId, blockIndex: number): Promise<Uint8Array | undefined> {
    if (!Number.isSafeInteger(blockIndex) || blockIndex < 0) {
      throw new RangeError(`no disk has a block of index ${blockIndex}`);
    }
    return await this.#use(async () => {
      const opened = await this.#parts.maps.read(mapId);
      return await openMapReader(opened, this.#reader).readBlock(blockIndex);
    });
  }

  listBlocks(mapId: BlockMapId, page: BlockPageRequest): Promise<MapBlockPage> {
    return this.#use(async () => listBlocks(await this.#parts.maps.read(mapId), page));
  }

  diffBlocks(
    maps: { readonly before: BlockMapId; readonly after: BlockMapId },
    page: BlockPageRequest,
  ): Promise<BlockDifferencePage> {
    return this.#use(async () => {
      const before = await this.#parts.maps.read(maps.before);
      const after = await this.#parts.maps.read(maps.after);
      return diffBlocks({ before, after }, page);
    });
  }

  /** The disk of a map. Throws MapMissingError or MapDamagedError. The map is not kept from prune. */
  async openMap(mapId: BlockMapId): Promise<MapReader> {
    const opened = await this.#use(() => this.#parts.maps.read(mapId));
    const reader = openMapReader(opened, this.#reader);
    return {
      ...reader,
      read: (...range) => this.#use(() => reader.read(...range)),
      readBlock: (blockIndex) => this.#use(() => reader.readBlock(blockIndex)),
      readAhead: (blockIndex) => this.#use(() => reader.readAhead(blockIndex)),
    };
  }

  /** The orders in which maps were first read. */
  get orders(): OrderKeeper {
    return this.#parts.orders;
  }

  usage(): Promise<StoreUsage> {
    return this.#maintain(() => storeUsage(this.#parts));
  }

  /** One prune at a time. Throws MapDamagedError when a map that stays cannot be read: remove or restore it. */
  async prune(remove: ReadonlySet<BlockMapId>): Promise<PruneResult> {
    // A map that a capture makes from now on is not meant, even if it exists when the prune begins.
    const meant = new Set(await this.list()).intersection(remove);
    const context = {
      ...this.#parts,
      tails: this.#tails,
      epochs: this.#epochs,
      tmp: this.#parts.layout.tmp,
      inUse: () => this.#running.mapIds(),
      runningBases: () => this.#running.bases(),
    };
    return await this.#maintain(async () => {
      const result = await pruneStore(context, meant);
      // It may have made room.
      this.convertInBackground();
      return result;
    });
  }

  verify(onProgress?: (progress: CaptureProgress) => void): Promise<VerifyResult> {
    const isActive = (segment: unknown) => this.#tails.some((tail) => tail.isActive(segment));
    const coders = this.#coders;
    const { signal } = this.#closing;
    return this.#use(() => verifyStore({ ...this.#parts, coders, isActive, signal, onProgress }));
  }

  /** Maps of format 1 become trees, while the store is used. */
  convertInBackground(): void {
    const { signal } = this.#closing;
    const { logger } = this.#parts;
    this.#converting = this.#converting
      .then(() => convertFlatMaps(this.#conversion(), signal))
      .catch((error: unknown) =>
        logger.log('error', 'could not convert maps of format 1', { error }),
      );
  }

  /** Resolves when no conversion runs. */
  async converted(): Promise<void> {
    await this.#converting;
  }

  /** Unfinished files: none when nothing runs. */
  async unfinishedFiles(): Promise<readonly string[]> {
    const { tmp } = this.#parts.layout;
    return (await readdir(tmp)).map((name) => join(tmp, name));
  }

  /** Aborts captures and a verify, waits for what else has begun, and releases the folder. All later calls reject. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the block store is closing'));
    await this.#running.ended();
    await this.#converting;
    await this.#coders.close();
    await this.#readCoders.close();
    const { segments, files, lock } = this.#parts;
    try {
      await allEnded(this.#tails.map((tail) => tail.close()));
    } finally {
      await segments.close();
      await files.close();
      lock.release();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Does what needs the files, which `close` waits for once it has begun. */
  async #use<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#closing.signal.throwIfAborted();
    return await this.#running.use(work);
  }

  /** One at a time; what has not had its turn when the store closes is refused. */
  #maintain<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#use(() =>
      this.#maintenance(() => {
        this.#closing.signal.throwIfAborted();
        return work();
      }),
    );
  }

  async #capture(request: CaptureRequest, options: CaptureOptions): Promise<BlockMapSummary> {
    const { mapId, baseMapId } = request;
    const signals = [this.#closing.signal, ...(options?.signal ? [options.signal] : [])];
    const signal = AbortSignal.any(signals);
    signal.throwIfAborted();
    this.#coders.prepare();
    await using ended = new AsyncDisposableStack();
    const epoch = this.#epochs.begin();
    ended.defer(() => epoch.end());
    const flushes = watchTails(this.#tails);
    const held = baseMapId === undefined ? undefined : await this.#holdBase(baseMapId);
    if (held !== undefined) ended.defer(held.release);
    const source = await this.#openSource(blockSourceAddress(request.source), signal);
    const close = once(() => source.close());
    ended.defer(close);
    // Reads that have begun reject, so that nothing waits for a source that has gone silent.
    const onAbort = () => void close().catch(() => {});
    signal.addEventListener('abort', onAbort, { once: true });
    ended.defer(() => signal.removeEventListener('abort', onAbort));
    const { pages, maps } = this.#parts;
    const coders = this.#coders;
    const chunks = this.#chunks;
    const { onProgress } = options ?? {};
    const context = { coders, chunks, pages, epoch: epoch.number, signal, onProgress };
    try {
      const base = held?.base ?? { tree: emptyTree(pages), blockCount: 0 };
      const head = await captureDisk(context, { mapId, source, base });
      await flushes.sync();
      signal.throwIfAborted();
      await maps.add(head);
      const { keyId: _key, root: _root, ...summary } = head;
      return summary;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw baseMapId === undefined ? error : mapError(baseMapId, error);
    }
  }

  #openSource(address: BlockSourceAddress, signal: AbortSignal): Promise<BlockSource> {
    const { logger, openSource: open } = this.#parts;
    if (address.kind === 'file') return openFileSource(address.path, { logger, signal });
    if (open === undefined) throw new Error(`this block store cannot read ${address.kind} disks`);
    return open(address, signal);
  }

  /** Opens a map to base another one on. Its pages are shared, so a map of format 1 is converted first. */
  async #holdBase(mapId: BlockMapId): Promise<{ base: OpenedMap; release: () => void }> {
    const { maps } = this.#parts;
    await convertFlatMap(this.#conversion(), mapId);
    const held = await this.#running.holdBase(maps, mapId);
    const { keyId } = held.base;
    if (keyId === undefined) return held;
    held.release();
    throw new KeyUnknownError(`map ${mapId}`, keyId);
  }

  #conversion() {
    return { ...this.#parts, epochs: this.#epochs, watch: () => watchTails(this.#tails) };
  }
}

function checkMapId(mapId: BlockMapId): void {
  if (!isMapId(mapId)) throw new RangeError(`'${mapId}' is no id of a map`);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
