import { randomUUID } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@bakehouse/base';
import type { BlockSource } from '@bakehouse/domain';
import { describeSnapshotStore, type OpenedSnapshotStore } from '@bakehouse/testkit';
import { findChunkId } from '../src/block-map.ts';
import { blockSizeBytes } from '../src/block-size.ts';
import { connectBlockStore } from '../src/connect-block-store.ts';
import { openBlockStore } from '../src/open-block-store.ts';
import { recordHeaderBytes } from '../src/record-format.ts';
import { serveBlockStore } from '../src/serve-block-store.ts';
import { bytesSource } from './support/bytes-source.ts';

/** A word fills a block by being its first bytes, with zeros behind. */
function blockOf(word: string): Buffer {
  const block = Buffer.alloc(blockSizeBytes);
  block.write(word);
  return block;
}

async function openStore(through: 'process' | 'socket'): Promise<OpenedSnapshotStore> {
  const folder = await mkdtemp(join(tmpdir(), 'blockstore-contract-'));
  const directory = join(folder, 'store');
  const sources = new Map<string, BlockSource>();
  const stop = new AsyncDisposableStack();
  stop.defer(() => rm(folder, { recursive: true }));
  const engine = stop.use(
    await openBlockStore({
      directory,
      logger: silentLogger,
      threadCount: 1,
      openSource: async (address) => {
        const source = address.kind === 'nbd' ? sources.get(address.exportName) : undefined;
        if (source === undefined) throw new Error('no such source');
        return source;
      },
    }),
  );
  const socketPath = join(folder, 'store.sock');
  const server = await serveBlockStore({ engine, socketPath, build: 'b', logger: silentLogger });
  stop.defer(() => server.close());
  return {
    store: through === 'process' ? engine : connectBlockStore({ socketPath }),
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
    async readBlock(mapId, index) {
      const block = await (await engine.openMap(mapId)).readBlock(index);
      return block && Buffer.from(block).toString('latin1').replace(/\0+$/, '');
    },
    async damage(mapId, index) {
      const chunkId = findChunkId(await engine.readMap(mapId), index) ?? new Uint8Array();
      for (const name of await readdir(join(directory, 'segments'))) {
        const path = join(directory, 'segments', name);
        const at = (await readFile(path)).indexOf(chunkId);
        if (!name.endsWith('.seg') || at === -1) continue;
        const file = await open(path, 'r+');
        await file.write(Buffer.alloc(4, 0x77), 0, 4, at - 8 + recordHeaderBytes);
        await file.close();
      }
    },
    dispose: () => stop.disposeAsync(),
  };
}

describeSnapshotStore('the block store', () => openStore('process'));
describeSnapshotStore('the block store behind its socket', () => openStore('socket'));
