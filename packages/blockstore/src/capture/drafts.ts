import { KeyedLock } from '@bakehouse/base';
import {
  type BlockMapId,
  type BlockMapSummary,
  DraftConflictError,
  type DraftExpectation,
  type DraftRequest,
  MapMissingError,
} from '@bakehouse/domain';
import { blockCountOf, blockSizeBytes } from '../format/block-size.ts';
import { contentIdHex, isSameId } from '../format/content-id.ts';
import type { DraftBase, DraftHeader } from '../format/draft-format.ts';
import type { MapHead } from '../format/map-head-format.ts';
import { emptyTree } from '../maps/change-tree.ts';
import { type DraftFolder, draftBase } from '../maps/draft-folder.ts';
import type { MapCatalogue, OpenedMap } from '../maps/map-catalogue.ts';
import type { PageStore } from '../maps/page-store.ts';
import { TreeWriter } from '../maps/tree-writer.ts';
import type { FlushWatch } from '../segments/tail-writer.ts';
import type { UseEpochs } from '../segments/use-epochs.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import type { CoderPool } from './coder-pool.ts';
import { DraftWriter } from './draft-writer.ts';
import type { RunningWork } from './running-work.ts';
import { applyDraft, checkWritten, zerosChecksum } from './seal-draft.ts';
import { storeSlot } from './store-slot.ts';

export interface DraftParts {
  readonly folder: DraftFolder;
  readonly maps: MapCatalogue;
  readonly pages: PageStore;
  readonly chunks: ChunkWriter;
  readonly coders: CoderPool;
  readonly epochs: UseEpochs;
  readonly running: RunningWork;
  readonly watch: () => FlushWatch;
  /** Opens the map as a tree whose pages are stored. */
  readonly holdBase: (mapId: BlockMapId) => ReturnType<RunningWork['holdBase']>;
}

/** The writes to a draft that are running, and whether it is being sealed. */
interface DraftState {
  readonly writes: Set<Promise<unknown>>;
  isSealing: boolean;
}

/** Maps that are written block by block; see `SnapshotStore.begin`, `writeBlock` and `seal`. */
export class Drafts {
  readonly #parts: DraftParts;
  readonly #writer: DraftWriter;
  readonly #locks = new KeyedLock();
  readonly #states = new Map<BlockMapId, DraftState>();

  constructor(parts: DraftParts) {
    this.#parts = parts;
    this.#writer = new DraftWriter(parts.folder);
  }

  begin(request: DraftRequest): Promise<void> {
    const { mapId, sizeBytes } = request;
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
      throw new RangeError(`a disk of ${sizeBytes} bytes has no blocks to write`);
    }
    return this.#locks.run([mapId], () => this.#begin(request));
  }

  async write(mapId: BlockMapId, blockIndex: number, bytes: Uint8Array): Promise<string> {
    if (bytes.length !== blockSizeBytes) {
      throw new RangeError(`a block has ${blockSizeBytes} bytes, not ${bytes.length}`);
    }
    const header = this.#headerOf(mapId);
    const blockCount = blockCountOf(header.sizeBytes);
    if (!Number.isInteger(blockIndex) || blockIndex < 0 || blockIndex >= blockCount) {
      throw new DraftConflictError(
        mapId,
        `has ${blockCount} blocks and none of index ${blockIndex}`,
      );
    }
    const state = this.#stateOf(mapId);
    if (state.isSealing) throw new DraftConflictError(mapId, 'is being sealed');
    const writing = this.#write(mapId, blockIndex, bytes);
    state.writes.add(writing);
    try {
      return await writing;
    } finally {
      state.writes.delete(writing);
      this.#forgetIdle(mapId, state);
    }
  }

  /** One call at a time for a map: see `RunningWork.make`. */
  async seal(mapId: BlockMapId, expected: DraftExpectation | undefined): Promise<BlockMapSummary> {
    const { maps, folder } = this.#parts;
    if (maps.has(mapId)) {
      const sealed = await maps.find(mapId);
      if (sealed !== undefined) return sealed;
    }
    const header = this.#headerOf(mapId);
    const state = this.#stateOf(mapId);
    state.isSealing = true;
    try {
      await Promise.allSettled(state.writes);
      const head = await this.#seal(header, expected);
      await folder.remove([mapId]);
      const { keyId: _key, root: _root, ...summary } = head;
      return summary;
    } finally {
      state.isSealing = false;
      this.#forgetIdle(mapId, state);
    }
  }

  async #begin({ mapId, sizeBytes, baseMapId }: DraftRequest): Promise<void> {
    const { folder, holdBase } = this.#parts;
    this.#checkUnsealed(mapId);
    const held = baseMapId === undefined ? undefined : await holdBase(baseMapId);
    try {
      // Sealed while the base was opened: its draft is removed, and a second one would take writes that no map gets.
      this.#checkUnsealed(mapId);
      const base = held && baseOf(held.base);
      const before = folder.find(mapId);
      if (before === undefined) {
        await folder.create({ mapId, sizeBytes, keyId: undefined, base });
        return;
      }
      const isSame =
        before.sizeBytes === sizeBytes &&
        before.base?.sizeBytes === base?.sizeBytes &&
        isSameId(before.base?.root, base?.root);
      if (!isSame) throw new DraftConflictError(mapId, 'was begun with another size or base');
    } finally {
      held?.release();
    }
  }

  async #write(mapId: BlockMapId, blockIndex: number, bytes: Uint8Array): Promise<string> {
    const { chunks, coders, epochs, watch } = this.#parts;
    // Until the entry is in the draft, nothing else reaches the chunk.
    const epoch = epochs.begin();
    const flushes = watch();
    try {
      return await coders.withSlot(async (slot) => {
        slot.raw.set(bytes);
        const parts = { coders, chunks, epoch: epoch.number };
        const { chunkId, addedBytes } = await storeSlot(parts, slot);
        await this.#writer.add(mapId, { blockIndex, chunkId, addedBytes }, flushes);
        return chunkId === undefined ? zerosChecksum() : contentIdHex(chunkId);
      });
    } finally {
      epoch.end();
    }
  }

  async #seal(header: DraftHeader, expected: DraftExpectation | undefined): Promise<MapHead> {
    const { maps, pages, folder, epochs, watch } = this.#parts;
    const { mapId, sizeBytes, base } = header;
    const epoch = epochs.begin();
    const flushes = watch();
    try {
      const tree = new TreeWriter({
        pages,
        epoch: epoch.number,
        base: base === undefined ? emptyTree(pages) : draftBase(base, pages),
        sizeBytes,
      });
      const written = await applyDraft(folder, header, tree);
      if (expected !== undefined) checkWritten(mapId, written, expected);
      const { tree: made, addedBlocks } = await tree.finish();
      await flushes.sync();
      const head: MapHead = {
        mapId,
        sizeBytes,
        blockCount: (base?.blockCount ?? 0) + addedBlocks,
        readBytes: written.count * blockSizeBytes,
        addedBytes: written.addedBytes,
        keyId: undefined,
        root: made.root,
      };
      await maps.add(head);
      return head;
    } finally {
      epoch.end();
    }
  }

  #headerOf(mapId: BlockMapId): DraftHeader {
    const header = this.#parts.folder.find(mapId);
    if (header !== undefined) return header;
    this.#checkUnsealed(mapId);
    throw new MapMissingError(mapId);
  }

  #checkUnsealed(mapId: BlockMapId): void {
    if (this.#parts.maps.has(mapId)) throw new DraftConflictError(mapId, 'is sealed already');
  }

  #forgetIdle(mapId: BlockMapId, { writes, isSealing }: DraftState): void {
    if (writes.size === 0 && !isSealing) this.#states.delete(mapId);
  }

  #stateOf(mapId: BlockMapId): DraftState {
    const known = this.#states.get(mapId);
    if (known !== undefined) return known;
    const state = { writes: new Set<Promise<unknown>>(), isSealing: false };
    this.#states.set(mapId, state);
    return state;
  }
}

function baseOf({ tree, blockCount }: OpenedMap): DraftBase {
  return { root: tree.root, sizeBytes: tree.sizeBytes, blockCount };
}
