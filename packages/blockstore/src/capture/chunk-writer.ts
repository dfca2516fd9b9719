import { blockSizeBytes } from '../format/block-size.ts';
import { contentKey } from '../format/content-id.ts';
import { recordHeaderBytes } from '../format/record-format.ts';
import type { SegmentSet } from '../segments/segment-set.ts';
import type { TailWriter } from '../segments/tail-writer.ts';

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
   * Returns the bytes that were appended: 0 when the chunk was stored already. `pack` is called only when the chunk
   * must be stored. From here on prune leaves the chunk to this epoch. Written, not yet durable, when it resolves.
   */
  async put(
    chunkId: Uint8Array,
    { epoch, pack }: { readonly epoch: number; readonly pack: () => Promise<PackedChunk> },
  ): Promise<number> {
    const key = contentKey(chunkId);
    for (;;) {
      if (this.#segments.use(chunkId, epoch)) return 0;
      const other = this.#inFlight.get(key);
      if (other === undefined) break;
      // When the other one fails, this one tries on its own.
      await other.catch(() => {});
    }
    let addedBytes = 0;
    const work = (async () => {
      const packed = await pack();
      const record = { contentId: chunkId, rawLength: blockSizeBytes, usedAt: epoch, ...packed };
      await this.#tail.append([record]);
      addedBytes = recordHeaderBytes() + packed.bytes.length;
    })().finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, work);
    await work;
    return addedBytes;
  }
}
