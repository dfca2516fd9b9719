import { chunkIdBytes } from './chunk-id.ts';

const initialRecords = 64;

/** What was written to one segment and where: 36 bytes a record, so that nobody walks the whole index for one. */
export class SegmentRecords {
  #ids = Buffer.alloc(initialRecords * chunkIdBytes);
  #offsets = new Uint32Array(initialRecords);
  #count = 0;

  push(chunkId: Uint8Array, offset: number): void {
    if (this.#count === this.#offsets.length) this.#grow();
    this.#ids.set(chunkId, this.#count * chunkIdBytes);
    this.#offsets[this.#count] = offset;
    this.#count += 1;
  }

  /** A copy of each id, in the order of the pushes. */
  *[Symbol.iterator](): Generator<{ readonly chunkId: Uint8Array; readonly offset: number }> {
    for (let at = 0; at < this.#count; at += 1) {
      const start = at * chunkIdBytes;
      const chunkId = new Uint8Array(this.#ids.subarray(start, start + chunkIdBytes));
      yield { chunkId, offset: this.#offsets[at] ?? 0 };
    }
  }

  /** Forgets the records from this offset of the segment on. */
  cut(endBytes: number): void {
    let kept = 0;
    for (let at = 0; at < this.#count; at += 1) {
      const offset = this.#offsets[at] ?? 0;
      if (offset >= endBytes) continue;
      this.#ids.copyWithin(kept * chunkIdBytes, at * chunkIdBytes, (at + 1) * chunkIdBytes);
      this.#offsets[kept] = offset;
      kept += 1;
    }
    this.#count = kept;
  }

  #grow(): void {
    const ids = Buffer.alloc(this.#ids.length * 2);
    ids.set(this.#ids);
    const offsets = new Uint32Array(this.#offsets.length * 2);
    offsets.set(this.#offsets);
    this.#ids = ids;
    this.#offsets = offsets;
  }
}
