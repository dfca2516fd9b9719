import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MiB, silentLogger, systemClock } from '@bakehouse/base';
import { type BlockMapId, blockBytes, type VolumeId } from '@bakehouse/domain';
import { endProcess, findProcess } from '@bakehouse/host';
import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openDataDirectory } from '../src/data-directory.ts';
import { blockStoreClient, ensureBlockServer } from '../src/wiring/block-server.ts';
import { qemuAdapters } from '../src/wiring/qemu-adapters.ts';

const run = promisify(execFile);
const mapId: BlockMapId = 'map-00000000000000001';
const volumeId: VolumeId = 'vol-00000000000000001';
const sizeBytes = 64 * MiB;
/** Blocks with data, each filled with a byte of its own: the first, a run, and the last. */
const blocks = new Map([
  [0, 0x11],
  [40, 0x22],
  [41, 0x33],
  [127, 0x44],
]);
const parts = { clock: systemClock, logger: silentLogger };
const work = { signal: new AbortController().signal };

async function dataFolder() {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-hot-maps-'));
  const config = readConfig(['--data', root], {});
  const data = await openDataDirectory(config);
  await mkdir(data.runtime, { mode: 0o700 });
  const store = blockStoreClient(data);
  const endServer = async () => {
    const hello = await store.hello().catch(() => undefined);
    const server = hello && (await findProcess(hello.pid));
    if (server) await endProcess(server, { what: 'block server', clock: systemClock, graceMs: 0 });
  };
  return {
    data,
    store,
    endServer,
    volumes: qemuAdapters(config, data, parts).volumes,
    async [Symbol.asyncDispose]() {
      await endServer();
      await rm(data.root, { recursive: true });
      await rm(data.runtime, { recursive: true });
    },
  };
}

test('the block store’s own map is read whole from its hot file while the block server is dead', async () => {
  await using folder = await dataFolder();
  const { data, store, volumes, endServer } = folder;
  await ensureBlockServer(data, parts);
  await store.begin({ mapId, sizeBytes });
  for (const [index, byte] of blocks) {
    const bytes = Buffer.alloc(blockBytes, byte);
    expect(await store.writeBlock(mapId, index, bytes)).toBe(hash('sha256', bytes));
  }
  await store.seal(mapId);
  await volumes.hot.make(mapId, work);
  expect(await volumes.hot.list()).toMatchObject([
    { mapId, state: 'ready', localBytes: blocks.size * blockBytes },
  ]);
  expect(await volumes.hot.check(mapId, work)).toBe(0);
  await endServer();
  expect(await volumes.create({ volumeId, sizeBytes, originMapId: mapId })).toBe('hot');
  const [origin, file, disk] = await volumes.blockdevChain({ volumeId, readOnly: true });
  const chain = JSON.stringify({ ...disk, file, backing: origin });
  const reads = Array.from({ length: sizeBytes / blockBytes }, (_, index) => [
    '-c',
    `read -P ${blocks.get(index) ?? 0} ${index * blockBytes} ${blockBytes}`,
  ]);
  const { stdout } = await run('qemu-io', ['-r', ...reads.flat(), `json:${chain}`]);
  expect(stdout).not.toMatch(/fail|error/i);
  expect(stdout.match(/^read \d/gm)).toHaveLength(reads.length);
  await expect(volumes.hot.check(mapId, work)).rejects.toMatchObject({
    name: 'BlockStoreUnreachableError',
  });
});
