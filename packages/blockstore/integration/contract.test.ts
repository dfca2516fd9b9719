import { randomUUID } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@bakehouse/base';
import type { BlockSource } from '@bakehouse/domain';
import { describeSnapshotStore, type OpenedSnapshotStore } from '@bakehouse/testkit';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { recordHeaderBytes } from '../src/format/record-format.ts';
import { GuestReads } from '../src/guest-reads/guest-reads.ts';
import { openBlockStore } from '../src/open-block-store.ts';
import { connectBlockStore } from '../src/rpc/connect-block-store.ts';
import { serveBlockStore } from '../src/rpc/serve-block-store.ts';
import { bytesSource } from './support/bytes-source.ts';
import { MemoryFiles } from './support/memory-files.ts';

/** A word is the first bytes of its block, and the rest are zeros. */
function blockOf(word: string): Buffer {
  const block = Buffer.alloc(blockSizeBytes);
  block.write(word);
  return block;
}

/** Behind its socket over a folder, or in this process over files that are elsewhere. */
async function openStore(kind: 'socket' | 'remote files'): Promise<OpenedSnapshotStore> {
  const folder = await mkdtemp(join(tmpdir(), 'blockstore-contract-'));
  const directory = join(folder, 'store');
  const sources = new Map<string, BlockSource>();
  const stop = new AsyncDisposableStack();
  stop.defer(() => rm(folder, { recursive: true }));
  const blockStore = stop.use(
    await openBlockStore({
      directory,
      logger: silentLogger,
      threadCount: 1,
      ...(kind === 'remote files' && { files: new MemoryFiles() }),
      openSource: async (address) => {
        const source = address.kind === 'nbd' ? sources.get(address.exportName) : undefined;
        if (source === undefined) throw new Error('no such source');
        return source;
      },
    }),
  );
  const socketPath = join(folder, 'store.sock');
  const server = await serveBlockStore({
    store: blockStore,
    reads: new GuestReads({ orders: blockStore.orders, clock: systemClock }),
    socketPath,
    build: 'b',
    logger: silentLogger,
  });
  stop.defer(() => server.close());
  return {
    store: kind === 'socket' ? connectBlockStore({ socketPath }) : blockStore,
    blockBytes: blockSizeBytes,
    async offer({ sizeBytes, blocks, changed }) {
      const bytes = Buffer.alloc(sizeBytes);
      for (const [index, word] of blocks) blockOf(word).copy(bytes, index * blockSizeBytes);
      const ranges = (changed ?? [...blocks.keys()])
        .toSorted((left, right) => left - right)
        .map((index) => ({ offset: index * blockSizeBytes, lengthBytes: blockSizeBytes }));
      const exportName = randomUUID();
      sources.set(exportName, bytesSource(bytes, ranges));
      return { kind: 'nbd', socketPath: '', exportName, changedContext: '' };
    },
    async damage(mapId, index) {
      const page = { from: index, limit: 1 };
      const { blocks } = await blockStore.listBlocks(mapId, page);
      await damageRecord(directory, Buffer.from(blocks[0]?.chunkId ?? '', 'hex'));
    },
    dispose: () => stop.disposeAsync(),
  };
}

/** Changes the first bytes of the payload of a chunk's or page's record. */
async function damageRecord(directory: string, contentId: Uint8Array): Promise<void> {
  for (const folder of ['segments', 'tail']) {
    for (const name of await readdir(join(directory, folder))) {
      const path = join(directory, folder, name);
      const at = (await readFile(path)).indexOf(contentId);
      if (!name.endsWith('.seg') || at === -1) continue;
      await using file = await open(path, 'r+');
      await file.write(Buffer.alloc(4, 0x77), 0, 4, at - 8 + recordHeaderBytes());
    }
  }
}

describeSnapshotStore('the block store behind its socket', () => openStore('socket'));
describeSnapshotStore('the block store over remote files', () => openStore('remote files'));
