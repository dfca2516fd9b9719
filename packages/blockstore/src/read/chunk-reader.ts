import type { CoderPool } from '../capture/coder-pool.ts';
import { blockSizeBytes } from '../format/block-size.ts';
import { contentKey } from '../format/content-id.ts';
import type { SegmentSet } from '../segments/segment-set.ts';
import { fetchChunk } from './fetch-chunk.ts';
import { RecentCache } from './recent-cache.ts';

/** Fetches chunks from disk, checked, through a cache; concurrent reads of a chunk share one fetch. */
export class ChunkReader {
  readonly #segments: SegmentSet;
  readonly #coders: CoderPool;
  readonly #cache: RecentCache<Uint8Array>;
  readonly #inFlight = new Map<string, Promise<Uint8Array>>();

  constructor(segments: SegmentSet, coders: CoderPool, cacheBytesMax: number) {
    this.#segments = segments;
    this.#coders = coders;
    this.#cache = new RecentCache(cacheBytesMax, ({ length }) => length);
  }

  /** The chunk when it is in memory. Not to be changed. */
  peek(chunkId: Uint8Array): Uint8Array | undefined {
    return this.#cache.get(contentKey(chunkId));
  }

  /** The chunk's raw bytes, not to be changed. Throws ChunkDamagedError or ContentMissingError. */
  read(chunkId: Uint8Array): Promise<Uint8Array> {
    const key = contentKey(chunkId);
    const cached = this.#cache.get(key);
    if (cached !== undefined) return Promise.resolve(cached);
    const shared = this.#inFlight.get(key);
    if (shared !== undefined) return shared;
    const fetch = this.#fetch(chunkId, key).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, fetch);
    return fetch;
  }

  async #fetch(chunkId: Uint8Array, key: string): Promise<Uint8Array> {
    const block = await this.#coders.withSlot(async (slot) => {
      await fetchChunk(this.#segments, this.#coders, { chunkId, slot });
      const copy = Buffer.allocUnsafeSlow(blockSizeBytes);
      slot.raw.copy(copy);
      return copy;
    });
    this.#cache.set(key, block);
    return block;
  }
}
