import { fileURLToPath } from 'node:url';
import { type Clock, type Logger, secondMs } from '@bakehouse/base';
import { type BlockStoreClient, connectBlockStore } from '@bakehouse/blockstore';
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
const pollMs = 100;

async function isThere(client: BlockStoreClient): Promise<boolean> {
  try {
    await client.hello();
    return true;
  } catch {
    return false;
  }
}

/** Finds the block server of this data folder, or starts one that outlives this process. */
export async function ensureBlockServer(
  data: DataDirectory,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<BlockStoreClient> {
  const paths = blockServerPaths(data);
  const client = connectBlockStore({ socketPath: paths.controlSocket });
  if (await isThere(client)) return client;
  const command = [process.execPath, program, '--store', data.blocks];
  const sockets = ['--nbd', paths.nbdSocket, '--control', paths.controlSocket];
  const pid = await spawnDetached({
    name: 'block server',
    command: [...command, ...sockets],
    logPath: paths.log,
  });
  logger.log('info', 'block server started', { pid });
  for (const deadline = clock.elapsed() + startLimitMs; clock.elapsed() < deadline; ) {
    if (await isThere(client)) return client;
    await clock.sleep(pollMs);
  }
  throw new Error(
    `the block server of ${data.blocks} did not come up within ${startLimitMs / secondMs} s; its log ${paths.log} ends: ${await logTail(paths.log)}`,
  );
}
