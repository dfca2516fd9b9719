import { contentIdBytes } from '../format/content-id.ts';
import type { SegmentEntry } from '../format/segment-index-format.ts';

/** Where a chunk or a page is stored. */
export interface ContentLocation {
  readonly segment: number;
  /** Of the record's header within the segment. */
  readonly offset: number;
  readonly storedLength: number;
  readonly compressed: boolean;
}

/** The number of an entry, which stays the same while the content is indexed, and is used again afterwards. */
export type EntryNumber = number;

export interface IndexEntry extends SegmentEntry {
  readonly entry: EntryNumber;
}

const blockBits = 15;
const blockEntries = 1 << blockBits;
const blockMask = blockEntries - 1;
const shardCount = 256;
const initialSlots = 16;
const compressedBit = 0x8000_0000;
const none = 0;

/** The fields of 32,768 entries. */
class EntryBlock {
  readonly ids = Buffer.alloc(blockEntries * contentIdBytes);
  readonly segments = new Uint32Array(blockEntries);
  readonly offsets = new Uint32Array(blockEntries);
  readonly stored = new Uint32Array(blockEntries);
  /** The last use by a capture: see `UseEpochs`. */
  readonly usedAt = new Uint32Array(blockEntries);
  /** The entries before and behind this one in its segment's list. */
  readonly previous = new Uint32Array(blockEntries);
  readonly next = new Uint32Array(blockEntries);
}

/** An open-addressing table of entry numbers, with linear probing. Each shard grows on its own, so that no growth takes long. */
interface Shard {
  slots: Uint32Array;
  count: number;
}

/**
 * Content id → location, in typed arrays: some 62 bytes an entry, as a full volume of 16 TiB has 33 million. Ids
 * are hashes already: their first bytes choose shard and slot.
 */
export class ContentIndex {
  readonly #blocks: EntryBlock[] = [];
  readonly #shards: Shard[] = Array.from({ length: shardCount }, () => ({
    slots: new Uint32Array(initialSlots),
    count: 0,
  }));
  readonly #free: EntryNumber[] = [];
  /** The first entry of each segment's list. */
  readonly #firsts = new Map<number, EntryNumber>();
  /** Number 0 is no entry. */
  #nextEntry = 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(id: Uint8Array): ContentLocation | undefined {
    const entry = this.entryOf(id);
    return entry === undefined ? undefined : this.locationOf(entry);
  }

  entryOf(id: Uint8Array): EntryNumber | undefined {
    const shard = this.#shardOf(id);
    const entry = shard.slots[this.#probe(shard, id)] ?? none;
    return entry === none ? undefined : entry;
  }

  has(id: Uint8Array): boolean {
    return this.entryOf(id) !== undefined;
  }

  locationOf(entry: EntryNumber): ContentLocation {
    const { segments, offsets, stored } = this.#blockOf(entry);
    const at = entry & blockMask;
    const length = stored[at] ?? 0;
    return {
      segment: segments[at] ?? 0,
      offset: offsets[at] ?? 0,
      storedLength: length % compressedBit,
      compressed: length >= compressedBit,
    };
  }

  /** A copy. */
  idOf(entry: EntryNumber): Uint8Array {
    const start = (entry & blockMask) * contentIdBytes;
    return new Uint8Array(this.#blockOf(entry).ids.subarray(start, start + contentIdBytes));
  }

  /** Inserts or replaces. */
  set(id: Uint8Array, location: ContentLocation): EntryNumber {
    const found = this.entryOf(id);
    const entry = found ?? this.#insert(id);
    if (found !== undefined) this.#unlink(entry);
    const block = this.#blockOf(entry);
    const at = entry & blockMask;
    block.segments[at] = location.segment;
    block.offsets[at] = location.offset;
    block.stored[at] = location.storedLength + (location.compressed ? compressedBit : 0);
    this.#link(entry);
    return entry;
  }

  /** Deleting what is missing is a no-op. */
  delete(id: Uint8Array): void {
    const shard = this.#shardOf(id);
    const slot = this.#probe(shard, id);
    const entry = shard.slots[slot] ?? none;
    if (entry === none) return;
    this.#unlink(entry);
    this.#free.push(entry);
    this.#size -= 1;
    shard.count -= 1;
    shard.slots[slot] = none;
    this.#closeGap(shard, slot);
  }

  usedAt(entry: EntryNumber): number {
    return this.#blockOf(entry).usedAt[entry & blockMask] ?? 0;
  }

  /** Notes a use; an earlier number changes nothing. */
  noteUse(entry: EntryNumber, usedAt: number): void {
    const block = this.#blockOf(entry);
    const at = entry & blockMask;
    if ((block.usedAt[at] ?? 0) < usedAt) block.usedAt[at] = usedAt;
  }

  /** The entries of a segment, in no order. */
  entriesOf(segment: number): IndexEntry[] {
    const entries: IndexEntry[] = [];
    let entry = this.#firsts.get(segment) ?? none;
    while (entry !== none) {
      const { offset, storedLength, compressed } = this.locationOf(entry);
      entries.push({ entry, contentId: this.idOf(entry), offset, storedLength, compressed });
      entry = this.#blockOf(entry).next[entry & blockMask] ?? none;
    }
    return entries;
  }

  #blockOf(entry: EntryNumber): EntryBlock {
    const block = this.#blocks[entry >>> blockBits];
    if (block === undefined) throw new RangeError(`there is no entry ${entry}`);
    return block;
  }

  #shardOf(id: Uint8Array): Shard {
    const shard = this.#shards[id[0] ?? 0];
    if (shard === undefined) throw new RangeError('an id has 32 bytes');
    return shard;
  }

  /** The slot that has the id, or the empty one where it would be. */
  #probe({ slots }: Shard, id: Uint8Array): number {
    const mask = slots.length - 1;
    let slot = homeOf(id, 0) & mask;
    for (;;) {
      const entry = slots[slot] ?? none;
      if (entry === none || this.#hasId(entry, id)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #hasId(entry: EntryNumber, id: Uint8Array): boolean {
    const { ids } = this.#blockOf(entry);
    const start = (entry & blockMask) * contentIdBytes;
    return ids.compare(id, 0, contentIdBytes, start, start + contentIdBytes) === 0;
  }

  #insert(id: Uint8Array): EntryNumber {
    const shard = this.#shardOf(id);
    if (shard.count * 4 >= shard.slots.length * 3) this.#grow(shard);
    const entry = this.#free.pop() ?? this.#nextEntry++;
    if (entry >>> blockBits === this.#blocks.length) this.#blocks.push(new EntryBlock());
    const block = this.#blockOf(entry);
    block.ids.set(id, (entry & blockMask) * contentIdBytes);
    block.usedAt[entry & blockMask] = 0;
    shard.slots[this.#probe(shard, id)] = entry;
    shard.count += 1;
    this.#size += 1;
    return entry;
  }

  #grow(shard: Shard): void {
    const { slots } = shard;
    shard.slots = new Uint32Array(slots.length * 2);
    const mask = shard.slots.length - 1;
    for (const entry of slots) {
      if (entry === none) continue;
      let slot = this.#homeOf(entry) & mask;
      while (shard.slots[slot] !== none) slot = (slot + 1) & mask;
      shard.slots[slot] = entry;
    }
  }

  #homeOf(entry: EntryNumber): number {
    return homeOf(this.#blockOf(entry).ids, (entry & blockMask) * contentIdBytes);
  }

  /** Moves later entries of the run forward, so that probing never stops too early. */
  #closeGap({ slots }: Shard, start: number): void {
    const mask = slots.length - 1;
    let gap = start;
    for (let slot = (gap + 1) & mask; slots[slot] !== none; slot = (slot + 1) & mask) {
      const entry = slots[slot] ?? none;
      const home = this.#homeOf(entry) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = entry;
      slots[slot] = none;
      gap = slot;
    }
  }

  #link(entry: EntryNumber): void {
    const block = this.#blockOf(entry);
    const at = entry & blockMask;
    const segment = block.segments[at] ?? 0;
    const first = this.#firsts.get(segment) ?? none;
    block.previous[at] = none;
    block.next[at] = first;
    if (first !== none) this.#blockOf(first).previous[first & blockMask] = entry;
    this.#firsts.set(segment, entry);
  }

  #unlink(entry: EntryNumber): void {
    const block = this.#blockOf(entry);
    const at = entry & blockMask;
    const previous = block.previous[at] ?? none;
    const next = block.next[at] ?? none;
    if (next !== none) this.#blockOf(next).previous[next & blockMask] = previous;
    if (previous !== none) this.#blockOf(previous).next[previous & blockMask] = next;
    else if (next !== none) this.#firsts.set(block.segments[at] ?? 0, next);
    else this.#firsts.delete(block.segments[at] ?? 0);
  }
}

/** Four bytes of the id behind the one that chooses the shard. */
function homeOf(ids: Uint8Array, start: number): number {
  const [first = 0, second = 0] = [ids[start + 1], ids[start + 2]];
  const [third = 0, fourth = 0] = [ids[start + 3], ids[start + 4]];
  return (first | (second << 8) | (third << 16) | (fourth << 24)) >>> 0;
}
