import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, codeBuild, type Logger, secondMs } from '@bakehouse/base';
import {
  type BlockServerHello,
  type BlockStoreClient,
  connectBlockStore,
} from '@bakehouse/blockstore';
import type { DataDirectory } from '../data-directory.ts';
import { logTail, spawnDetached } from '../processes/detached.ts';

export interface BlockServerPaths {
  readonly nbdSocket: string;
  readonly controlSocket: string;
  readonly log: string;
}

export const blockServerPaths = (data: DataDirectory): BlockServerPaths => ({
  nbdSocket: `${data.runtime}/blocks.nbd`,
  controlSocket: `${data.runtime}/blocks.rpc`,
  log: `${data.logs}/block-server.log`,
});

const program = fileURLToPath(new URL('../processes/block-server.ts', import.meta.url));
const startLimitMs = 60 * secondMs;
const endLimitMs = 30 * secondMs;
const pollMs = 100;

interface Parts {
  readonly clock: Clock;
  readonly logger: Logger;
}

const folderOf = (module: string) => dirname(fileURLToPath(import.meta.resolve(module)));

/** What this server would start: read once, as its own code is. */
let ownBuild: Promise<string> | undefined;
const readOwnBuild = () =>
  codeBuild([
    dirname(program),
    ...['@bakehouse/base', '@bakehouse/domain', '@bakehouse/blockstore', '@bakehouse/nbd'].map(
      folderOf,
    ),
  ]);

async function findServer(client: BlockStoreClient): Promise<BlockServerHello | undefined> {
  try {
    return await client.hello();
  } catch {
    return undefined;
  }
}

/** Asks until it is as wanted; false when that takes longer than `limitMs`. */
async function comesTrue(
  clock: Clock,
  limitMs: number,
  isTrue: () => Promise<boolean>,
): Promise<boolean> {
  for (const deadline = clock.elapsed() + limitMs; clock.elapsed() < deadline; ) {
    if (await isTrue()) return true;
    await clock.sleep(pollMs);
  }
  return false;
}

/**
 * A block server that an older version started must not go on: it would take the new version's files for its own
 * when it starts a thread. Guests' reads wait for the next one.
 */
async function endServer(
  client: BlockStoreClient,
  { pid, build }: BlockServerHello,
  { clock, logger }: Parts,
): Promise<void> {
  logger.log('warn', 'block server ended to start one of this version', { pid, build });
  process.kill(pid, 'SIGTERM');
  const isGone = async () => !(await isRunning(pid)) && (await findServer(client)) === undefined;
  if (await comesTrue(clock, endLimitMs, isGone)) return;
  throw new Error(
    `the block server of another version (process ${pid}) does not end; end it by hand`,
  );
}

async function isRunning(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) !== '';
}

async function startServer(data: DataDirectory, build: string): Promise<number> {
  const paths = blockServerPaths(data);
  const command = [process.execPath, program, '--store', data.blocks, '--build', build];
  const sockets = ['--nbd', paths.nbdSocket, '--control', paths.controlSocket];
  return await spawnDetached({
    name: 'block server',
    command: [...command, ...sockets],
    logPath: paths.log,
  });
}

/** Finds the block server of this data folder, or starts one that outlives this process. */
export async function ensureBlockServer(
  data: DataDirectory,
  parts: Parts,
): Promise<BlockStoreClient> {
  const { log, controlSocket } = blockServerPaths(data);
  const client = connectBlockStore({ socketPath: controlSocket });
  ownBuild ??= readOwnBuild();
  const build = await ownBuild;
  const found = await findServer(client);
  if (found?.build === build) return client;
  if (found) await endServer(client, found, parts);
  const pid = await startServer(data, build);
  parts.logger.log('info', 'block server started', { pid });
  const isUp = async () => (await findServer(client))?.build === build;
  if (await comesTrue(parts.clock, startLimitMs, isUp)) return client;
  throw new Error(
    `the block server of ${data.blocks} did not come up within ${startLimitMs / secondMs} s; its log ${log} ends: ${await logTail(log)}`,
  );
}
