import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, type Logger, secondMs } from '@bakehouse/base';
import {
  type BlockServerHello,
  type BlockStoreClient,
  connectBlockStore,
} from '@bakehouse/blockstore';
import {
  codeBuild,
  type DetachedProcess,
  findProcess,
  isAlive,
  logTail,
  signalProcess,
  spawnDetached,
} from '@bakehouse/host';
import type { DataDirectory } from '../data-directory.ts';
import { readExportKey } from '../processes/export-names.ts';

export interface BlockServerPaths {
  /** For programs with the rights of the server, and for machines of releases without jails: any map by its id. */
  readonly nbdSocket: string;
  /** For jailed machines, by the names of `exportNames`. Jails have its folder, which holds nothing else. */
  readonly guestSocket: string;
  readonly controlSocket: string;
  readonly log: string;
}

export const blockServerPaths = (data: DataDirectory): BlockServerPaths => ({
  nbdSocket: `${data.runtime}/blocks.nbd`,
  guestSocket: `${data.runtime}/guests/blocks`,
  controlSocket: `${data.runtime}/blocks.rpc`,
  log: `${data.logs}/block-server.log`,
});

const program = fileURLToPath(new URL('../processes/block-server.ts', import.meta.url));
const startLimitMs = 60 * secondMs;
const endLimitMs = 30 * secondMs;
const pollMs = 100;

/** Every jail has this folder. On the host, the runtime folder around it is closed. */
const guestFolderMode = 0o711;

/** The block server does not start; the message says why. */
export class BlockServerStartError extends Error {
  override readonly name = 'BlockServerStartError';
}

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
  const server = await findProcess(pid);
  if (server) await signalProcess(server, 'SIGTERM');
  const isGone = async () =>
    !(server && (await isAlive(server))) && (await findServer(client)) === undefined;
  if (await comesTrue(clock, endLimitMs, isGone)) return;
  throw new BlockServerStartError(
    `the block server of another version (process ${pid}) does not end; end it by hand`,
  );
}

async function startServer(data: DataDirectory, build: string): Promise<DetachedProcess> {
  const paths = blockServerPaths(data);
  await readExportKey(data.exportKey);
  const folder = dirname(paths.guestSocket);
  await mkdir(folder, { recursive: true });
  await chmod(folder, guestFolderMode);
  const command = [process.execPath, program, '--store', data.blocks, '--build', build];
  const sockets = ['--nbd', paths.nbdSocket, '--control', paths.controlSocket];
  const guests = ['--guests', paths.guestSocket, '--export-key', data.exportKey];
  const argv = [...command, ...sockets, ...guests];
  const log = { path: paths.log, keep: true };
  return spawnDetached({ name: 'block server', argv, log });
}

/** The store behind the block server of this data folder. It connects at each call, so the server may start later. */
export const blockStoreClient = (data: DataDirectory): BlockStoreClient =>
  connectBlockStore({ socketPath: blockServerPaths(data).controlSocket });

/**
 * Finds the block server of this data folder, or starts one that outlives this process. Rejects with BlockServerStartError
 * when that one ends, or is not up within a minute.
 */
export async function ensureBlockServer(data: DataDirectory, parts: Parts): Promise<void> {
  const { log } = blockServerPaths(data);
  const client = blockStoreClient(data);
  ownBuild ??= readOwnBuild();
  const build = await ownBuild;
  const found = await findServer(client);
  if (found?.build === build) return;
  if (found) await endServer(client, found, parts);
  const server = await startServer(data, build);
  parts.logger.log('info', 'block server started', { pid: server.process?.pid });
  let end: string | undefined;
  void server.ended.then((how) => {
    end = how;
  });
  const isUp = async () => (await findServer(client))?.build === build;
  await comesTrue(parts.clock, startLimitMs, async () => end !== undefined || (await isUp()));
  if (await isUp()) return;
  const what =
    end === undefined ? `did not come up within ${startLimitMs / secondMs} s` : `ended (${end})`;
  throw new BlockServerStartError(
    `the block server of ${data.blocks} ${what}; its log ${log} ends: ${await logTail(log)}`,
  );
}
