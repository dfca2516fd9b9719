import { chunkIdBytes } from './chunk-id.ts';

/** Where a chunk is stored. */
export interface ChunkLocation {
  readonly segment: number;
  /** Of the record's header within the segment. */
  readonly offset: number;
  readonly storedLength: number;
  readonly compressed: boolean;
}

const initialSlots = 1024;
const compressedBit = 0x8000_0000;
const emptySegment = 0;

/**
 * Chunk id → location, in typed arrays: 44 bytes a slot instead of an object each, because a store of
 * 100 GB has hundreds of thousands. Open addressing with linear probing; ids are hashes already, so
 * their first bytes are the hash.
 */
export class ChunkIndex {
  #mask = initialSlots - 1;
  #ids = Buffer.alloc(initialSlots * chunkIdBytes);
  #segments = new Uint32Array(initialSlots);
  #offsets = new Uint32Array(initialSlots);
  #stored = new Uint32Array(initialSlots);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(id: Uint8Array): ChunkLocation | undefined {
    const position = this.#positionOf(id);
    return position === undefined ? undefined : this.#locationAt(position);
  }

  has(id: Uint8Array): boolean {
    return this.#positionOf(id) !== undefined;
  }

  /** Inserts or replaces. */
  set(id: Uint8Array, location: ChunkLocation): void {
    if (this.#size * 3 >= this.#segments.length * 2) this.#grow();
    const position = this.#probe(id);
    if (this.#segments[position] === emptySegment) {
      this.#size += 1;
      this.#ids.set(id, position * chunkIdBytes);
    }
    this.#segments[position] = location.segment;
    this.#offsets[position] = location.offset;
    this.#stored[position] = location.storedLength + (location.compressed ? compressedBit : 0);
  }

  /** Deleting what is not there is a no-op. */
  delete(id: Uint8Array): void {
    const position = this.#positionOf(id);
    if (position === undefined) return;
    this.#segments[position] = emptySegment;
    this.#size -= 1;
    this.#closeGap(position);
  }

  #positionOf(id: Uint8Array): number | undefined {
    const position = this.#probe(id);
    return this.#segments[position] === emptySegment ? undefined : position;
  }

  #locationAt(position: number): ChunkLocation {
    const stored = this.#stored[position] ?? 0;
    return {
      segment: this.#segments[position] ?? 0,
      offset: this.#offsets[position] ?? 0,
      storedLength: stored % compressedBit,
      compressed: stored >= compressedBit,
    };
  }

  #hashAt(position: number): number {
    return this.#ids.readUInt32LE(position * chunkIdBytes) & this.#mask;
  }

  #probe(id: Uint8Array): number {
    const view = Buffer.from(id.buffer, id.byteOffset, chunkIdBytes);
    let position = view.readUInt32LE(0) & this.#mask;
    while (this.#segments[position] !== emptySegment) {
      const start = position * chunkIdBytes;
      if (view.compare(this.#ids, start, start + chunkIdBytes) === 0) return position;
      position = (position + 1) & this.#mask;
    }
    return position;
  }

  /** Moves later entries of the run forward, so that probing never stops too early. */
  #closeGap(start: number): void {
    let gap = start;
    let position = (gap + 1) & this.#mask;
    while (this.#segments[position] !== emptySegment) {
      const home = this.#hashAt(position);
      const distanceToHome = (position - home) & this.#mask;
      const distanceToGap = (position - gap) & this.#mask;
      if (distanceToHome >= distanceToGap) {
        this.#move(position, gap);
        gap = position;
      }
      position = (position + 1) & this.#mask;
    }
  }

  #move(from: number, to: number): void {
    this.#ids.copyWithin(to * chunkIdBytes, from * chunkIdBytes, (from + 1) * chunkIdBytes);
    this.#segments[to] = this.#segments[from] ?? 0;
    this.#offsets[to] = this.#offsets[from] ?? 0;
    this.#stored[to] = this.#stored[from] ?? 0;
    this.#segments[from] = emptySegment;
  }

  /** Copies the arrays' own bytes: guests' reads wait for it. */
  #grow(): void {
    const [ids, segments, offsets, stored] = [
      this.#ids,
      this.#segments,
      this.#offsets,
      this.#stored,
    ];
    const slots = this.#segments.length * 2;
    this.#mask = slots - 1;
    this.#ids = Buffer.alloc(slots * chunkIdBytes);
    this.#segments = new Uint32Array(slots);
    this.#offsets = new Uint32Array(slots);
    this.#stored = new Uint32Array(slots);
    for (const [from, segment] of segments.entries()) {
      if (segment === emptySegment) continue;
      const start = from * chunkIdBytes;
      const to = this.#probe(ids.subarray(start, start + chunkIdBytes));
      ids.copy(this.#ids, to * chunkIdBytes, start, start + chunkIdBytes);
      this.#segments[to] = segment;
      this.#offsets[to] = offsets[from] ?? 0;
      this.#stored[to] = stored[from] ?? 0;
    }
  }
}
