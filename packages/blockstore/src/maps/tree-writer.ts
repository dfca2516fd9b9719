import { serialQueue } from '@bakehouse/base';
import { type BlockChange, changeTree, storedTree } from './change-tree.ts';
import type { MapTree } from './map-tree.ts';
import type { PageStore } from './page-store.ts';

/** How many changes wait in memory: those of 8 GiB that changed, in some 3 MiB. */
const pendingMax = 16_384;

/**
 * Makes the tree of a new map out of a base and changes, in bounded memory: pages are stored as changes come. Changes
 * should come roughly in order of block, or pages are made more than once; of each block there is one change.
 */
export class TreeWriter {
  readonly #pages: PageStore;
  readonly #epoch: number;
  readonly #sizeBytes: number;
  readonly #turns = serialQueue();
  #tree: MapTree;
  #addedBlocks = 0;
  #pending: BlockChange[] = [];

  constructor(options: {
    readonly pages: PageStore;
    /** Keeps the pages from prune: see `UseEpochs`. */
    readonly epoch: number;
    readonly base: MapTree;
    /** Of the new map's disk. */
    readonly sizeBytes: number;
  }) {
    this.#pages = options.pages;
    this.#epoch = options.epoch;
    this.#sizeBytes = options.sizeBytes;
    this.#tree = options.base;
  }

  /** Waits while much is pending. `chunkId` is not to be changed afterwards. */
  async change(change: BlockChange): Promise<void> {
    this.#pending.push(change);
    if (this.#pending.length >= pendingMax) await this.#apply();
  }

  /** The tree with all changes; its new pages are written, not yet durable. No call of `change` may have failed. */
  async finish(): Promise<{ readonly tree: MapTree; readonly addedBlocks: number }> {
    await this.#apply();
    return { tree: this.#tree, addedBlocks: this.#addedBlocks };
  }

  #apply(): Promise<void> {
    const changes = this.#pending.sort((left, right) => left.blockIndex - right.blockIndex);
    this.#pending = [];
    return this.#turns(async () => {
      const changed = await changeTree(this.#tree, changes, this.#sizeBytes);
      await this.#pages.put(changed.newPages, this.#epoch);
      this.#tree = storedTree(changed, this.#pages);
      this.#addedBlocks += changed.addedBlocks;
    });
  }
}
