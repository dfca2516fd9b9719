import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@bakehouse/base';
import { blockSizeBytes } from '@bakehouse/blockstore';
import type { BlockMapId, VolumeId } from '@bakehouse/domain';
import { findProcess, isAlive } from '@bakehouse/host';
import { connectNbd } from '@bakehouse/nbd';
import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openDataDirectory } from '../src/data-directory.ts';
import { exportNames, readExportKey } from '../src/processes/export-names.ts';
import {
  blockServerPaths,
  blockStoreClient,
  ensureBlockServer,
} from '../src/wiring/block-server.ts';

const mapId: BlockMapId = 'map-00000000000000001';
const blockCount = 60;
const order = Array.from({ length: blockCount }, (_, at) => (at * 37) % blockCount);

/** A block server with a map, and guests that read it. */
async function served() {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-guest-reads-'));
  const data = await openDataDirectory(readConfig(['--data', root], {}));
  await mkdir(data.runtime, { mode: 0o700 });
  const client = blockStoreClient(data);
  const ensure = () => ensureBlockServer(data, { clock: systemClock, logger: silentLogger });
  await ensure();
  const disk = randomBytes(blockCount * blockSizeBytes);
  await writeFile(join(root, 'disk'), disk);
  await client.capture({ mapId, source: { kind: 'file', path: join(root, 'disk') } });
  const names = exportNames(await readExportKey(data.exportKey));
  const end = async (signal: NodeJS.Signals) => {
    const server = await findProcess((await client.hello()).pid);
    if (!server) throw new Error('there is no block server');
    process.kill(server.pid, signal);
    await expect.poll(() => isAlive(server), { timeout: 30_000 }).toBe(false);
  };
  return {
    client,
    end,
    ensure,
    /** Connects as the QEMU of a machine does for this volume. */
    guest: (volumeId: VolumeId) =>
      connectNbd({
        socketPath: blockServerPaths(data).guestSocket,
        exportName: names.nameOf({ mapId, volumeId }),
      }),
    async read(guest: Awaited<ReturnType<typeof connectNbd>>, blocks: readonly number[]) {
      for (const block of blocks) {
        const offset = block * blockSizeBytes + 512;
        const bytes = await guest.read(offset, 4096);
        expect(Buffer.compare(bytes, disk.subarray(offset, offset + 4096))).toBe(0);
      }
    },
    orders: () => readdir(join(data.blocks, 'orders')),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      await rm(data.root, { recursive: true });
      await rm(data.runtime, { recursive: true });
    },
  };
}

test("a boot's reads are counted for its volume, and lead the next boot, also after kill -9", async () => {
  await using server = await served();
  const { client, guest, read, orders, end, ensure } = server;
  const [first, second]: readonly VolumeId[] = ['vol-00000000000000001', 'vol-00000000000000002'];
  if (!first || !second) throw new Error('two volumes');
  const one = await guest(first);
  await read(one, order);
  const [counted] = await client.reads.ofVolumes([first, second]);
  expect(counted).toMatchObject({ volumeId: first, mapId });
  const bytes = 4096 * blockCount;
  expect(counted?.total).toMatchObject({ bytes, newBlocks: blockCount, aheadBlocks: 0 });
  expect(counted?.total).toMatchObject({ reads: blockCount, waits: blockCount });
  expect(await client.reads.ofVolumes([second])).toEqual([]);
  await one.close();
  await expect.poll(orders, { timeout: 30_000 }).toEqual([mapId]);
  await end('SIGKILL');
  await ensure();
  const two = await guest(second);
  await read(two, order);
  const [led] = await client.reads.ofVolumes([second]);
  expect(led?.total.newBlocks).toBe(blockCount);
  expect(led?.total.aheadBlocks).toBeGreaterThanOrEqual(blockCount - 8);
  expect(await client.reads.ofMaps()).toMatchObject([{ mapId, total: { reads: blockCount } }]);
  await two.close();
  await client.prune(new Set([mapId]));
  expect(await orders()).toEqual([]);
});
