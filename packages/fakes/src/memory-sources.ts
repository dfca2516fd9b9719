import { type BlockSourceRef, blockBytes } from '@bakehouse/domain';

/** A twin's disk has one word for the content of each block; a block without a word is zeros. */
export type BlockWords = ReadonlyMap<number, string>;

export const memoryBlockBytes = blockBytes;

/** A disk that keeps still while it is read. */
export interface MemorySource {
  readonly sizeBytes: number;
  readonly blocks: BlockWords;
  /** The blocks that may differ from the capture's base; too many is allowed, too few is a bug. */
  readonly changed: Iterable<number>;
}

/** Which disks can be read by whom: what NBD sockets and files are in the real world. */
export class MemorySources {
  readonly #sources = new Map<string, MemorySource>();

  offer(disk: BlockSourceRef, source: MemorySource): void {
    this.#sources.set(nameOf(disk), source);
  }

  withdraw(disk: BlockSourceRef): void {
    this.#sources.delete(nameOf(disk));
  }

  find(disk: BlockSourceRef): MemorySource | undefined {
    return this.#sources.get(nameOf(disk));
  }

  get count(): number {
    return this.#sources.size;
  }
}

const nameOf = (disk: BlockSourceRef): string => JSON.stringify(disk);
