import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger, systemClock } from '@bakehouse/base';
import {
  type BlockWords,
  MemorySnapshotStore,
  memoryBlockBytes,
  storeWords,
} from '@bakehouse/fakes';
import { findControlGroups, jailUsers } from '@bakehouse/host';
import type { JsonObject } from '@bakehouse/qmp';
import { describeHotMaps, type OpenedHotMaps } from '@bakehouse/testkit';
import { qemuVolumes, volumeContext } from '../src/create-qemu-volumes.ts';
import { diskChain } from '../src/disks/disk-chain.ts';
import { type Exporter, startExporter } from './exporter.ts';
import { nestedChain } from './nested-chain.ts';
import { jailedUsers } from './rig.ts';

const run = promisify(execFile);

async function writeRaw(path: string, blockCount: number, words: BlockWords): Promise<void> {
  const raw = await open(path, 'w');
  await raw.truncate(blockCount * memoryBlockBytes);
  for (const [index, word] of words) await raw.write(word, index * memoryBlockBytes);
  await raw.close();
}

/** The text at the beginning of a block, read through a chain of QEMU's. */
async function wordIn(
  chain: JsonObject,
  { index, target }: { readonly index: number; readonly target: string },
): Promise<string | undefined> {
  await run('qemu-img', ['convert', '-O', 'raw', `json:${JSON.stringify(chain)}`, target]);
  const file = await open(target);
  const { buffer } = await file.read(Buffer.alloc(16), 0, 16, index * memoryBlockBytes);
  await file.close();
  return buffer.toString().replace(/\0+$/, '') || undefined;
}

describeHotMaps('QemuVolumes', async (): Promise<OpenedHotMaps> => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-hot-'));
  const path = (name: string) => join(folder, name);
  const store = new MemorySnapshotStore();
  let bootCount = 0;
  const context = volumeContext({
    directory: path('volumes'),
    hotDirectory: path('hot-maps'),
    maps: store,
    runtimeDirectory: path('run'),
    exporterSocketPath: path('store.sock'),
    exportName: async (mapId) => mapId,
    groups: () => findControlGroups(),
    machineUser: async () => 0,
    users: jailUsers({ range: jailedUsers, claims: path('users') }),
    instanceSockets: () => undefined,
    clock: systemClock,
    logger: silentLogger,
    limits: { openSeconds: 0, reconnectSeconds: 0 },
  });
  const bootId = async () => `boot ${bootCount}`;
  const ofBoots = { ...context, hot: { ...context.hot, bootId } };
  const volumes = qemuVolumes(ofBoots);
  let exporter: Exporter | undefined;

  return {
    hot: volumes.hot,
    volumes,
    blockBytes: memoryBlockBytes,
    async makeMap(mapId, blockCount, words) {
      await storeWords(store, { mapId, blockCount, words });
      await writeRaw(path('store.raw'), blockCount, store.contentsOf(mapId));
      exporter = await startExporter(path('store.sock'), path('store.raw'), mapId);
    },
    async pruneMap(mapId) {
      await store.prune(new Set([mapId]));
    },
    async open(volumeId) {
      await volumes.blockdevChain({ volumeId });
    },
    async read(volumeId, index) {
      const chain = nestedChain(await diskChain(ofBoots, { volumeId, readOnly: true }));
      return await wordIn(chain, { index, target: path('read.raw') });
    },
    stopStore: async () => exporter?.stop(),
    async startHost() {
      bootCount += 1;
    },
    async damage(mapId) {
      const damaged = new Map([...store.contentsOf(mapId), [2, 'damaged']] as const);
      const hotPath = path(`hot-maps/${mapId}/blocks.raw`);
      await rm(hotPath);
      await writeRaw(hotPath, 4, damaged);
    },
    async dispose() {
      await exporter?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
