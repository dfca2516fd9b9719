import { KiB } from '@bakehouse/base';
import type { BlockSourceAddress } from '@bakehouse/domain';

/** A twin's disk has one word for the content of each block; a block without a word is zeros. */
export type BlockWords = ReadonlyMap<number, string>;

export const memoryBlockBytes = 512 * KiB;

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

  offer(address: BlockSourceAddress, source: MemorySource): void {
    this.#sources.set(nameOf(address), source);
  }

  withdraw(address: BlockSourceAddress): void {
    this.#sources.delete(nameOf(address));
  }

  find(address: BlockSourceAddress): MemorySource | undefined {
    return this.#sources.get(nameOf(address));
  }

  get count(): number {
    return this.#sources.size;
  }
}

function nameOf(address: BlockSourceAddress): string {
  return address.kind === 'file' ? address.path : `${address.socketPath}#${address.exportName}`;
}
