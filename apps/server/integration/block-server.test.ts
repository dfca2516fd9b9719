import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger, systemClock } from '@bakehouse/base';
import { connectBlockStore } from '@bakehouse/blockstore';
import { isAlive, spawnDetached } from '@bakehouse/host';
import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openDataDirectory } from '../src/data-directory.ts';
import {
  blockServerPaths,
  blockStoreClient,
  ensureBlockServer,
} from '../src/wiring/block-server.ts';

const program = fileURLToPath(new URL('../src/processes/block-server.ts', import.meta.url));

async function dataFolder() {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-block-server-'));
  const data = await openDataDirectory(readConfig(['--data', root], {}));
  await mkdir(data.runtime, { mode: 0o700 });
  return {
    data,
    async [Symbol.asyncDispose]() {
      await rm(data.root, { recursive: true });
      await rm(data.runtime, { recursive: true });
    },
  };
}

test('one of another version is ended in order and replaced; one of this version stays', async () => {
  await using folder = await dataFolder();
  const { data } = folder;
  const { nbdSocket, controlSocket, guestSocket, log } = blockServerPaths(data);
  await mkdir(dirname(guestSocket));
  const command = [process.execPath, program, '--store', data.blocks, '--build', 'older'];
  const guests = ['--guests', guestSocket, '--export-key', data.exportKey];
  const sockets = ['--nbd', nbdSocket, '--control', controlSocket, ...guests];
  const { process: older } = await spawnDetached({
    name: 'older block server',
    argv: [...command, ...sockets],
    log: { path: log, keep: true },
  });
  if (older === undefined) throw new Error('the older block server ended at once');
  const isUp = () => connectBlockStore({ socketPath: controlSocket }).hello();
  await expect
    .poll(() => isUp().then(({ build }) => build, String), { timeout: 60_000 })
    .toBe('older');
  const parts = { clock: systemClock, logger: silentLogger };
  const client = blockStoreClient(data);
  await ensureBlockServer(data, parts);
  const { pid, build } = await client.hello();
  try {
    expect([pid === older.pid, build === 'older']).toEqual([false, false]);
    expect(await isAlive(older)).toBe(false);
    expect(await client.usage()).toMatchObject({ liveBytes: 0 });
    await ensureBlockServer(data, parts);
    expect((await client.hello()).pid).toBe(pid);
  } finally {
    process.kill(pid, 'SIGTERM');
  }
});
