import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type BlockDifferencePage,
  type BlockMapId,
  type BlockMapSummary,
  type BlockPageRequest,
  blockPageMax,
  type CaptureProgress,
  type CaptureRequest,
  DraftConflictError,
  type DraftExpectation,
  type DraftRequest,
  type MapBlockPage,
  MapMissingError,
  type PrunableSnapshotStore,
  type PruneResult,
  type StoreUsage,
  type VerifyProblem,
  type VerifyResult,
} from '@bakehouse/domain';
import { linearChecksum, WordBytes } from './memory-blocks.ts';
import {
  type BlockWords,
  type MemorySource,
  MemorySources,
  memoryBlockBytes,
} from './memory-sources.ts';
import type { RestoredMap } from './restored-maps.ts';

/** What one map costs beside its chunks. */
const mapOverheadBytes = 64;

interface StoredMap {
  readonly blocks: BlockWords;
  readonly summary: BlockMapSummary;
}

interface Draft {
  readonly request: DraftRequest;
  readonly base: BlockWords;
  /** Undefined is zeros. */
  readonly written: Map<number, string | undefined>;
  addedBytes: number;
}

const isBlockIndex = (index: number) => Number.isSafeInteger(index) && index >= 0;

/** A store whose chunks are words. */
export class MemorySnapshotStore implements PrunableSnapshotStore {
  readonly sources: MemorySources;
  readonly #unknownMaps: 'refuse' | 'zeros';
  readonly #maps = new Map<BlockMapId, StoredMap>();
  readonly #drafts = new Map<BlockMapId, Draft>();
  readonly #words = new WordBytes();
  /** Every word that was ever stored and not pruned. */
  readonly #chunks = new Set<string>();
  readonly #damaged = new Set<string>();

  /**
   * `unknownMaps: 'zeros'` reads maps that do not exist as empty, for a platform whose images are records
   * without bytes. `restored` maps exist from the beginning, and are empty, too.
   */
  constructor(
    sources: MemorySources = new MemorySources(),
    options: {
      readonly unknownMaps?: 'refuse' | 'zeros';
      readonly restored?: readonly RestoredMap[];
    } = {},
  ) {
    this.sources = sources;
    this.#unknownMaps = options.unknownMaps ?? 'refuse';
    for (const map of options.restored ?? []) {
      this.#keep(new Map(), { ...map, readBytes: 0, addedBytes: 0 });
    }
  }

  async capture(
    request: CaptureRequest,
    options: { onProgress?: (progress: CaptureProgress) => void; signal?: AbortSignal } = {},
  ): Promise<BlockMapSummary> {
    options.signal?.throwIfAborted();
    const existing = this.#maps.get(request.mapId);
    if (existing) return existing.summary;
    const source = this.#sourceOf(request);
    const changed = [...source.changed].filter(
      (index) => index * memoryBlockBytes < source.sizeBytes,
    );
    const totalBytes = changed.length * memoryBlockBytes;
    const blocks = capturedBlocks(this.#baseOf(request), source, changed);
    options.onProgress?.({ doneBytes: 0, totalBytes });
    await nextTurn();
    options.signal?.throwIfAborted();
    options.onProgress?.({ doneBytes: totalBytes, totalBytes });
    return this.#store(request.mapId, blocks, {
      sizeBytes: source.sizeBytes,
      readBytes: totalBytes,
    });
  }

  async find(mapId: BlockMapId): Promise<BlockMapSummary | undefined> {
    return this.#maps.get(mapId)?.summary;
  }

  async list(): Promise<readonly BlockMapId[]> {
    return [...this.#maps.keys(), ...this.#drafts.keys()];
  }

  async readBlock(mapId: BlockMapId, blockIndex: number): Promise<Uint8Array | undefined> {
    if (!isBlockIndex(blockIndex)) {
      throw new RangeError(`no disk has a block of index ${blockIndex}`);
    }
    const word = this.#wordAt(mapId, blockIndex);
    return word === undefined ? undefined : this.#words.bytes(word);
  }

  async listBlocks(mapId: BlockMapId, page: BlockPageRequest): Promise<MapBlockPage> {
    const all = [...this.contentsOf(mapId)].map(([blockIndex, word]) => ({
      blockIndex,
      chunkId: this.#words.checksum(word),
    }));
    const { taken: blocks, ...rest } = pageOf(all, page);
    return { blocks, ...rest };
  }

  async diffBlocks(
    maps: { readonly before: BlockMapId; readonly after: BlockMapId },
    page: BlockPageRequest,
  ): Promise<BlockDifferencePage> {
    const [before, after] = [this.contentsOf(maps.before), this.contentsOf(maps.after)];
    const all = [...new Set([...before.keys(), ...after.keys()])]
      .filter((index) => before.get(index) !== after.get(index))
      .map((blockIndex) => {
        const [was, is] = [before.get(blockIndex), after.get(blockIndex)];
        return {
          blockIndex,
          ...(was === undefined ? {} : { before: this.#words.checksum(was) }),
          ...(is === undefined ? {} : { after: this.#words.checksum(is) }),
        };
      });
    const { taken: differences, ...rest } = pageOf(all, page);
    return { differences, ...rest };
  }

  async begin(request: DraftRequest): Promise<void> {
    const { mapId, baseMapId } = request;
    if (this.#maps.has(mapId)) throw new DraftConflictError(mapId, 'is sealed already');
    const base = baseMapId === undefined ? new Map<number, string>() : this.contentsOf(baseMapId);
    const before = this.#drafts.get(mapId)?.request;
    if (before === undefined) {
      this.#drafts.set(mapId, { request, base, written: new Map(), addedBytes: 0 });
      return;
    }
    const isSame = before.sizeBytes === request.sizeBytes && before.baseMapId === baseMapId;
    if (!isSame) throw new DraftConflictError(mapId, 'was begun with another size or base');
  }

  async writeBlock(mapId: BlockMapId, blockIndex: number, bytes: Uint8Array): Promise<string> {
    const draft = this.#draftOf(mapId);
    if (bytes.length !== memoryBlockBytes) {
      throw new RangeError(`a block has ${memoryBlockBytes} bytes, not ${bytes.length}`);
    }
    const blockCount = Math.ceil(draft.request.sizeBytes / memoryBlockBytes);
    if (!isBlockIndex(blockIndex) || blockIndex >= blockCount) {
      throw new DraftConflictError(mapId, `has no block of index ${blockIndex}`);
    }
    const word = this.#words.word(bytes);
    draft.written.set(blockIndex, word);
    if (word !== undefined && !this.#chunks.has(word)) {
      this.#chunks.add(word);
      draft.addedBytes += memoryBlockBytes;
    }
    return this.#words.checksum(word);
  }

  async seal(mapId: BlockMapId, expected?: DraftExpectation): Promise<BlockMapSummary> {
    const sealed = this.#maps.get(mapId);
    if (sealed) return sealed.summary;
    const draft = this.#draftOf(mapId);
    this.#checkWritten(mapId, draft, expected);
    const { sizeBytes } = draft.request;
    const blocks = capturedBlocks(
      draft.base,
      { sizeBytes, blocks: withoutZeros(draft.written), changed: [] },
      [...draft.written.keys()],
    );
    this.#drafts.delete(mapId);
    const readBytes = draft.written.size * memoryBlockBytes;
    const { addedBytes } = draft;
    return this.#keep(blocks, { mapId, sizeBytes, readBytes, addedBytes });
  }

  async usage(): Promise<StoreUsage> {
    const holders = this.#holders();
    const maps = holders.map(({ mapId, sizeBytes, blocks }) => ({
      mapId,
      sizeBytes,
      blockCount: blocks.size,
    }));
    const users = this.#usersOfWords();
    const held = new Map<string, { places: readonly number[]; bytes: number }>();
    for (const places of users.values()) {
      const key = places.join();
      held.set(key, { places, bytes: (held.get(key)?.bytes ?? 0) + memoryBlockBytes });
    }
    const liveBytes = users.size * memoryBlockBytes;
    const reclaimableBytes = (this.#chunks.size - users.size) * memoryBlockBytes;
    const overheadBytes = maps.length * mapOverheadBytes;
    const onDiskBytes = liveBytes + reclaimableBytes + overheadBytes;
    const sums = { liveBytes, reclaimableBytes, overheadBytes, onDiskBytes };
    const heldBytes = [...held.values()].map(({ places, bytes }) => ({
      maps: places.map((first) => ({ first, end: first + 1 })),
      bytes,
    }));
    return { maps, held: heldBytes, ...sums };
  }

  async prune(remove: ReadonlySet<BlockMapId>): Promise<PruneResult> {
    const removed = [...remove].filter(
      (mapId) => this.#maps.delete(mapId) || this.#drafts.delete(mapId),
    );
    const live = this.#usersOfWords();
    const dead = [...this.#chunks].filter((word) => !live.has(word));
    for (const word of dead) this.#chunks.delete(word);
    const freedBytes = dead.length * memoryBlockBytes + removed.length * mapOverheadBytes;
    return { removedMaps: removed.length, removedChunks: dead.length, freedBytes };
  }

  async verify(onProgress?: (progress: CaptureProgress) => void): Promise<VerifyResult> {
    const totalBytes = this.#chunks.size * memoryBlockBytes;
    const problems = [...this.#damaged].map(
      (name): VerifyProblem => ({
        what: 'chunk',
        name,
        problem: 'the content does not have the checksum that is its name',
        usedBy: this.#holders().flatMap(({ mapId, blocks }) =>
          [...blocks.values()].includes(name) ? [mapId] : [],
        ),
      }),
    );
    onProgress?.({ doneBytes: totalBytes, totalBytes });
    const checkedMaps = this.#maps.size + this.#drafts.size;
    return { checkedChunks: this.#chunks.size, checkedMaps, problems };
  }

  /** One block as a volume reads it from the export; undefined is zeros. */
  serve(mapId: BlockMapId, index: number): string | undefined {
    return this.#wordAt(mapId, index);
  }

  has(mapId: BlockMapId): boolean {
    return this.#maps.has(mapId);
  }

  /** Throws MapMissingError for a map that does not exist. */
  contentsOf(mapId: BlockMapId): BlockWords {
    const map = this.#maps.get(mapId);
    if (map) return map.blocks;
    if (this.#unknownMaps === 'zeros') return new Map();
    throw new MapMissingError(mapId);
  }

  /** A flipped byte: reads of the block fail and `verify` finds it. */
  damage(mapId: BlockMapId, index: number): void {
    const word = this.contentsOf(mapId).get(index);
    if (word !== undefined) this.#damaged.add(word);
  }

  #sourceOf(request: CaptureRequest): MemorySource {
    const source = this.sources.find(request.source);
    if (!source) throw new Error(`nothing serves the source of ${request.mapId}`);
    return source;
  }

  #baseOf(request: CaptureRequest): BlockWords {
    return request.baseMapId ? this.contentsOf(request.baseMapId) : new Map();
  }

  #store(
    mapId: BlockMapId,
    blocks: BlockWords,
    sizes: { sizeBytes: number; readBytes: number },
  ): BlockMapSummary {
    const raced = this.#maps.get(mapId);
    if (raced) return raced.summary;
    const added = new Set([...blocks.values()].filter((word) => !this.#chunks.has(word)));
    for (const word of added) this.#chunks.add(word);
    return this.#keep(blocks, { mapId, ...sizes, addedBytes: added.size * memoryBlockBytes });
  }

  #keep(blocks: BlockWords, facts: Omit<BlockMapSummary, 'blockCount'>): BlockMapSummary {
    const summary = { ...facts, blockCount: blocks.size };
    this.#maps.set(facts.mapId, { blocks, summary });
    return summary;
  }

  #wordAt(mapId: BlockMapId, index: number): string | undefined {
    const word = this.contentsOf(mapId).get(index);
    if (word !== undefined && this.#damaged.has(word)) throw new Error(`chunk ${word} is damaged`);
    return word;
  }

  #draftOf(mapId: BlockMapId): Draft {
    const draft = this.#drafts.get(mapId);
    if (draft !== undefined) return draft;
    if (this.#maps.has(mapId)) throw new DraftConflictError(mapId, 'is sealed already');
    throw new MapMissingError(mapId);
  }

  #checkWritten(mapId: BlockMapId, { written }: Draft, expected?: DraftExpectation): void {
    if (expected === undefined) return;
    if (written.size !== expected.writtenBlocks) {
      throw new DraftConflictError(mapId, `has ${written.size} written blocks`);
    }
    const inOrder = [...written].sort(([left], [right]) => left - right);
    const checksum = linearChecksum(inOrder.map(([, word]) => this.#words.checksum(word)));
    if (expected.linearChecksum !== undefined && expected.linearChecksum !== checksum) {
      throw new DraftConflictError(mapId, `has the checksum ${checksum}`);
    }
  }

  /** Maps, and drafts with what they hold: their base and what was written. */
  #holders() {
    const maps = [...this.#maps].map(([mapId, { blocks, summary }]) => ({
      mapId,
      sizeBytes: summary.sizeBytes,
      blocks,
    }));
    const drafts = [...this.#drafts].map(([mapId, { request, base, written }]) => ({
      mapId,
      sizeBytes: request.sizeBytes,
      blocks: new Map([...base, ...withoutZeros(written)]),
    }));
    return [...maps, ...drafts];
  }

  /** The places of the maps and drafts that name each word. */
  #usersOfWords(): ReadonlyMap<string, readonly number[]> {
    const users = new Map<string, number[]>();
    for (const [place, { blocks }] of this.#holders().entries()) {
      for (const word of new Set(blocks.values())) {
        users.set(word, [...(users.get(word) ?? []), place]);
      }
    }
    return users;
  }
}

/** The base, with the changed blocks from the source. */
function capturedBlocks(
  base: BlockWords,
  source: MemorySource,
  changed: readonly number[],
): BlockWords {
  const kept = [...base].filter(([index]) => index * memoryBlockBytes < source.sizeBytes);
  const blocks = new Map(kept);
  for (const index of changed) {
    const word = source.blocks.get(index);
    if (word === undefined) blocks.delete(index);
    else blocks.set(index, word);
  }
  return blocks;
}

function withoutZeros(written: ReadonlyMap<number, string | undefined>): BlockWords {
  return new Map(
    [...written].flatMap(([index, word]) => (word === undefined ? [] : [[index, word]])),
  );
}

function pageOf<Item extends { readonly blockIndex: number }>(
  items: readonly Item[],
  { from = 0, limit }: BlockPageRequest,
): { readonly taken: readonly Item[]; readonly next?: number } {
  if (!Number.isInteger(limit) || limit < 1 || limit > blockPageMax) {
    throw new RangeError(`a page has 1 to ${blockPageMax} blocks, not ${limit}`);
  }
  const left = items
    .filter(({ blockIndex }) => blockIndex >= from)
    .sort((one, two) => one.blockIndex - two.blockIndex);
  const next = left[limit]?.blockIndex;
  return { taken: left.slice(0, limit), ...(next === undefined ? {} : { next }) };
}
