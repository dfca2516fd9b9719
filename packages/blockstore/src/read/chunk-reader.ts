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
  /** Of what is in flight, what nobody waits for: called when somebody does. */
  readonly #ahead = new Map<string, () => void>();
  /** Fetches that somebody waits for. */
  #awaited = 0;
  #idle: PromiseWithResolvers<void> | undefined;

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
    if (shared !== undefined) {
      this.#ahead.get(key)?.();
      return shared;
    }
    this.#awaited += 1;
    return this.#fetch(chunkId, key).finally(() => {
      this.#awaited -= 1;
      if (this.#awaited === 0) this.#idle?.resolve();
    });
  }

  /**
   * Brings a chunk into memory that nobody waits for: the threads do what is waited for first. Resolves to whether this
   * call did; false when it is in memory or on its way. Throws as `read` does.
   */
  async readAhead(chunkId: Uint8Array): Promise<boolean> {
    const key = contentKey(chunkId);
    if (this.#cache.get(key) !== undefined || this.#inFlight.has(key)) return false;
    const wanted = Promise.withResolvers<void>();
    this.#ahead.set(key, wanted.resolve);
    const turn = async () => {
      if (this.#awaited > 0) await Promise.race([wanted.promise, this.#untilIdle()]);
    };
    await this.#fetch(chunkId, key, turn).finally(() => this.#ahead.delete(key));
    return true;
  }

  #untilIdle(): Promise<void> {
    if (this.#idle === undefined) {
      this.#idle = Promise.withResolvers<void>();
      void this.#idle.promise.then(() => {
        this.#idle = undefined;
      });
    }
    return this.#idle.promise;
  }

  #fetch(chunkId: Uint8Array, key: string, turn?: () => Promise<void>): Promise<Uint8Array> {
    const fetch = this.#load(chunkId, key, turn).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, fetch);
    return fetch;
  }

  async #load(
    chunkId: Uint8Array,
    key: string,
    turn: (() => Promise<void>) | undefined,
  ): Promise<Uint8Array> {
    const block = await this.#coders.withSlot(async (slot) => {
      await fetchChunk(this.#segments, this.#coders, { chunkId, slot, ...(turn && { turn }) });
      const copy = Buffer.allocUnsafeSlow(blockSizeBytes);
      slot.raw.copy(copy);
      return copy;
    });
    this.#cache.set(key, block);
    return block;
  }
}
