import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  BlockExporter,
  BlockMapId,
  BlockMapSummary,
  CaptureProgress,
  CaptureRequest,
  PruneResult,
  SnapshotStore,
  StoreUsage,
  VerifyProblem,
  VerifyResult,
} from '@bakehouse/domain';
import {
  type BlockWords,
  type MemorySource,
  MemorySources,
  memoryBlockBytes,
} from './memory-sources.ts';

/** What one map costs beside its chunks. */
const mapOverheadBytes = 64;

interface StoredMap {
  readonly blocks: BlockWords;
  readonly summary: BlockMapSummary;
}

export class MissingMapError extends Error {
  override readonly name = 'MissingMapError';
}

/** `SnapshotStore` and `BlockExporter` whose chunks are words. */
export class MemorySnapshotStore implements SnapshotStore, BlockExporter {
  readonly socketPath = 'memory:maps';
  readonly sources: MemorySources;
  readonly #unknownMaps: 'refuse' | 'zeros';
  readonly #maps = new Map<BlockMapId, StoredMap>();
  /** Every word that was ever stored and not pruned. */
  readonly #chunks = new Set<string>();
  readonly #damaged = new Set<string>();
  readonly #bytesServed = new Map<BlockMapId, number>();

  /**
   * `unknownMaps: 'zeros'` reads maps that are not there as empty, for a platform whose images are records
   * without bytes.
   */
  constructor(
    sources: MemorySources = new MemorySources(),
    options: { readonly unknownMaps?: 'refuse' | 'zeros' } = {},
  ) {
    this.sources = sources;
    this.#unknownMaps = options.unknownMaps ?? 'refuse';
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
    return [...this.#maps.keys()];
  }

  async usage(): Promise<StoreUsage> {
    const maps = [...this.#maps].map(
      ([
        mapId,
        {
          summary: { sizeBytes, blockCount },
        },
      ]) => ({
        mapId,
        sizeBytes,
        blockCount,
      }),
    );
    const users = this.#usersOfWords();
    const held = new Map<string, { maps: readonly number[]; bytes: number }>();
    for (const places of users.values()) {
      const key = places.join();
      held.set(key, { maps: places, bytes: (held.get(key)?.bytes ?? 0) + memoryBlockBytes });
    }
    const liveBytes = users.size * memoryBlockBytes;
    const reclaimableBytes = (this.#chunks.size - users.size) * memoryBlockBytes;
    const overheadBytes = maps.length * mapOverheadBytes;
    const onDiskBytes = liveBytes + reclaimableBytes + overheadBytes;
    const sums = { liveBytes, reclaimableBytes, overheadBytes, onDiskBytes };
    return { maps, held: [...held.values()], ...sums };
  }

  async prune(remove: ReadonlySet<BlockMapId>): Promise<PruneResult> {
    const removed = [...remove].filter((mapId) => this.#maps.delete(mapId));
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
        usedBy: [...this.#maps].flatMap(([mapId, { blocks }]) =>
          [...blocks.values()].includes(name) ? [mapId] : [],
        ),
      }),
    );
    onProgress?.({ doneBytes: totalBytes, totalBytes });
    return { checkedChunks: this.#chunks.size, checkedMaps: this.#maps.size, problems };
  }

  async bytesServed(mapId: BlockMapId): Promise<number> {
    return this.#bytesServed.get(mapId) ?? 0;
  }

  /** One block as a volume reads it from the export; undefined is zeros. */
  serve(mapId: BlockMapId, index: number): string | undefined {
    const word = this.contentsOf(mapId).get(index);
    if (word !== undefined && this.#damaged.has(word)) throw new Error(`chunk ${word} is damaged`);
    this.#bytesServed.set(mapId, (this.#bytesServed.get(mapId) ?? 0) + memoryBlockBytes);
    return word;
  }

  has(mapId: BlockMapId): boolean {
    return this.#maps.has(mapId);
  }

  /** Throws `MissingMapError` for a map that is not there. */
  contentsOf(mapId: BlockMapId): BlockWords {
    const map = this.#maps.get(mapId);
    if (map) return map.blocks;
    if (this.#unknownMaps === 'zeros') return new Map();
    throw new MissingMapError(`there is no map ${mapId}`);
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
    const addedBytes = added.size * memoryBlockBytes;
    const summary = { mapId, ...sizes, blockCount: blocks.size, addedBytes };
    this.#maps.set(mapId, { blocks, summary });
    return summary;
  }

  /** How many maps name each word. */
  /** The places of the maps that name each word. */
  #usersOfWords(): ReadonlyMap<string, readonly number[]> {
    const users = new Map<string, number[]>();
    for (const [place, { blocks }] of [...this.#maps.values()].entries()) {
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
