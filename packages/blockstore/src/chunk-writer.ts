import { chunkIdHex } from './chunk-id.ts';
import { recordBytes } from './record-format.ts';
import type { SegmentSet } from './segment-set.ts';
import type { TailWriter } from './tail-writer.ts';

export interface PackedChunk {
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
}

/** Stores each chunk once, also when many captures meet the same one at the same time. */
export class ChunkWriter {
  readonly #segments: SegmentSet;
  readonly #tail: TailWriter;
  readonly #inFlight = new Map<string, Promise<void>>();

  constructor(segments: SegmentSet, tail: TailWriter) {
    this.#segments = segments;
    this.#tail = tail;
  }

  /**
   * Answers the bytes that were appended: 0 when the chunk was there. `pack` is called only when the chunk
   * must be stored. Written, not yet durable, when it resolves.
   */
  async put(chunkId: Uint8Array, pack: () => Promise<PackedChunk>): Promise<number> {
    const hex = chunkIdHex(chunkId);
    for (;;) {
      if (this.#segments.holdsWhole(chunkId)) return 0;
      const other = this.#inFlight.get(hex);
      if (other === undefined) break;
      // When the other one fails, this one tries by itself.
      await other.catch(() => {});
    }
    let addedBytes = 0;
    const work = (async () => {
      const packed = await pack();
      await this.#tail.append({ chunkId, ...packed });
      addedBytes = recordBytes({ storedLength: packed.bytes.length });
    })().finally(() => this.#inFlight.delete(hex));
    this.#inFlight.set(hex, work);
    await work;
    return addedBytes;
  }
}
