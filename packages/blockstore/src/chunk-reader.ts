import { webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { BlockCache } from './block-cache.ts';
import { blockSizeBytes } from './block-size.ts';
import { chunkIdHex } from './chunk-id.ts';
import { unpackOptions } from './pack-block.ts';
import type { SegmentSet, StoredPayload } from './segment-set.ts';
import { ChunkDamagedError } from './store-errors.ts';

const unpack = promisify(zstdDecompress);

/** Fetches chunks from disk, checked, through a cache; concurrent reads of a chunk share one fetch. */
export class ChunkReader {
  readonly #segments: SegmentSet;
  readonly #cache: BlockCache;
  readonly #inFlight = new Map<string, Promise<Uint8Array>>();

  constructor(segments: SegmentSet, cacheBytesMax: number) {
    this.#segments = segments;
    this.#cache = new BlockCache(cacheBytesMax);
  }

  /** The chunk when it is in memory. Not to be changed. */
  peek(chunkId: Uint8Array): Uint8Array | undefined {
    return this.#cache.get(chunkIdHex(chunkId));
  }

  /** The chunk's raw bytes, not to be changed. Throws ChunkDamagedError or ChunkMissingError. */
  read(chunkId: Uint8Array): Promise<Uint8Array> {
    const key = chunkIdHex(chunkId);
    const cached = this.#cache.get(key);
    if (cached !== undefined) return Promise.resolve(cached);
    const shared = this.#inFlight.get(key);
    if (shared !== undefined) return shared;
    const fetch = this.#fetch(chunkId, key).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, fetch);
    return fetch;
  }

  async #fetch(chunkId: Uint8Array, key: string): Promise<Uint8Array> {
    const stored = await this.#segments.readPayload(chunkId);
    const raw = await unpackStored(stored, key).catch((error: unknown) => {
      this.#segments.damaged.add(key);
      throw error;
    });
    this.#cache.set(key, raw);
    return raw;
  }
}

/** Throws ChunkDamagedError unless the bytes are what the name says. All of it off the main thread. */
async function unpackStored(stored: StoredPayload, key: string): Promise<Uint8Array<ArrayBuffer>> {
  const at = { chunkId: key, segment: stored.segmentPath, offset: stored.location.offset };
  if (stored.bytes.length < stored.location.storedLength) {
    throw new ChunkDamagedError(at, 'the segment ends within it');
  }
  const raw = stored.location.compressed
    ? await unpack(stored.bytes, unpackOptions).catch((error: unknown) => {
        throw new ChunkDamagedError(at, `it cannot be unpacked: ${String(error)}`);
      })
    : stored.bytes;
  if (raw.length !== blockSizeBytes) throw new ChunkDamagedError(at, 'its length is wrong');
  const digest = await webcrypto.subtle.digest('SHA-256', raw);
  if (Buffer.from(digest).toString('hex') !== key) {
    throw new ChunkDamagedError(at, 'its bytes are not those of its name');
  }
  return raw;
}
