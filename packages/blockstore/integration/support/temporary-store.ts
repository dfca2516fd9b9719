import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB, silentLogger } from '@bakehouse/base';
import type { BlockMapId, BlockMapSummary, BlockSource } from '@bakehouse/domain';
import type { BlockStore } from '../../src/block-store.ts';
import { openBlockStore } from '../../src/open-block-store.ts';

/** A store in a folder of its own whose sources are handed over in the process. */
export interface TemporaryStore extends AsyncDisposable {
  readonly directory: string;
  readonly store: () => BlockStore;
  capture(
    mapId: BlockMapId,
    source: BlockSource,
    options?: { readonly baseMapId?: BlockMapId; readonly signal?: AbortSignal },
  ): Promise<BlockMapSummary>;
  /** Closes the store, so that its files can be changed. */
  close(): Promise<void>;
  /** Opens it again, closed or not. */
  reopen(): Promise<void>;
  readAll(mapId: BlockMapId): Promise<Uint8Array>;
}

export async function temporaryStore(segmentBytesMax = 2 * MiB): Promise<TemporaryStore> {
  const directory = await mkdtemp(join(tmpdir(), 'blockstore-test-'));
  const sources = new Map<string, BlockSource>();
  const open = () =>
    openBlockStore({
      directory,
      logger: silentLogger,
      segmentBytesMax,
      threadCount: 1,
      openSource: async (address) => {
        const source = address.kind === 'nbd' ? sources.get(address.exportName) : undefined;
        if (source === undefined) throw new Error('no such source');
        return source;
      },
    });
  let store = await open();
  let isOpen = true;
  const close = async () => {
    if (isOpen) await store.close();
    isOpen = false;
  };
  return {
    directory,
    store: () => store,
    capture(mapId, source, { baseMapId, signal } = {}) {
      sources.set(mapId, source);
      return store.capture(
        {
          mapId,
          source: { kind: 'nbd', socketPath: '', exportName: mapId, changedContext: '' },
          ...(baseMapId && { baseMapId }),
        },
        { ...(signal && { signal }) },
      );
    },
    close,
    async reopen() {
      await close();
      store = await open();
      isOpen = true;
    },
    async readAll(mapId) {
      const reader = await store.openMap(mapId);
      return reader.read(0, reader.sizeBytes);
    },
    async [Symbol.asyncDispose]() {
      await close();
      await rm(directory, { recursive: true });
    },
  };
}
