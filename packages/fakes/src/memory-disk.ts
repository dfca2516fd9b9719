import { invariant } from '@bakehouse/base';
import type { BlockMapId, SnapshotId } from '@bakehouse/domain';
import type { BlockWords } from './memory-sources.ts';

/** Reads a block of a map; undefined is zeros. Throws when the map is gone. */
export type ReadOrigin = (mapId: BlockMapId, index: number) => string | undefined;

/** The overlay of one volume. */
export class MemoryDisk {
  sizeBytes: number;
  originMapId: BlockMapId | undefined;
  /** What was written; undefined is zeros that were written. */
  readonly #overlay = new Map<number, string | undefined>();
  /** The blocks written since each snapshot. */
  readonly bitmaps = new Map<SnapshotId, Set<number>>();

  constructor(sizeBytes: number, originMapId?: BlockMapId) {
    this.sizeBytes = sizeBytes;
    this.originMapId = originMapId;
  }

  read(index: number, readOrigin: ReadOrigin): string | undefined {
    if (this.#overlay.has(index)) return this.#overlay.get(index);
    return this.originMapId ? readOrigin(this.originMapId, index) : undefined;
  }

  write(index: number, word: string | undefined): void {
    this.#overlay.set(index, word);
    for (const changed of this.bitmaps.values()) changed.add(index);
  }

  /** Gets what was written to another with the same origin. What it has beside would stay, so it must have nothing. */
  copy(other: MemoryDisk): void {
    invariant(this.#overlay.size === 0, 'a disk that becomes a copy is empty');
    invariant(this.originMapId === other.originMapId, 'a disk and its copy have the same origin');
    for (const [index, word] of other.#overlay) this.#overlay.set(index, word);
  }

  /** The whole content, over the origin's blocks. */
  contents(origin: BlockWords): BlockWords {
    const blocks = new Map(origin);
    for (const [index, word] of this.#overlay) {
      if (word === undefined) blocks.delete(index);
      else blocks.set(index, word);
    }
    return blocks;
  }

  /** Copies what was not written from the origin, which is then needed no more. */
  hydrate(origin: BlockWords): void {
    for (const [index, word] of origin) {
      if (!this.#overlay.has(index)) this.#overlay.set(index, word);
    }
    this.originMapId = undefined;
  }

  get writtenBlocks(): readonly number[] {
    return [...this.#overlay.keys()];
  }
}
