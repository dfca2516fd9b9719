import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { secondMs, silentLogger, systemClock } from '@bakehouse/base';
import { type Config, UsageError } from './config.ts';
import { openDataDirectory } from './data-directory.ts';
import { holderOf, lockData } from './data-lock.ts';
import { readDataState } from './doctor/check-data.ts';
import { endProcesses } from './doctor/end-processes.ts';
import {
  endProcess,
  type PlatformProcess,
  platformProcesses,
} from './doctor/platform-processes.ts';
import { qemuAdapters } from './wiring/qemu-adapters.ts';

/** A server finishes its requests first. */
const serverEndLimitMs = 60 * secondMs;

/** Ends the server of a data folder as SIGTERM does; guests stay. Answers its process id, if one ran. */
export async function stopServer(config: Config): Promise<number | undefined> {
  const root = await realpath(config.dataDirectory).catch(() => config.dataDirectory);
  const pid = await holderOf(join(root, 'lock'));
  if (pid !== undefined) await endProcess(pid, serverEndLimitMs);
  return pid;
}

export interface DestroyResult {
  readonly ended: readonly PlatformProcess[];
  /** The folder that was deleted, where that was asked for. */
  readonly deleted?: string;
}

/**
 * Ends everything that outlives the server: guests (as by a power cut), helpers, the network. The data stays
 * and the next server goes on with it, unless it is to be deleted too. Throws UsageError while a server
 * has the folder, and for a folder that is no data folder.
 */
export async function destroyPlatform(
  config: Config,
  { deleteData }: { readonly deleteData: boolean },
): Promise<DestroyResult> {
  const { isMade } = await readDataState(config.dataDirectory);
  if (!isMade) throw new UsageError(`${config.dataDirectory} is no data folder of bakehouse`);
  const data = await openDataDirectory(config.dataDirectory);
  await using _lock = await lockData(data);
  const processes = await platformProcesses(data);
  await endProcesses(processes);
  if (config.compute === 'qemu') {
    const parts = { clock: systemClock, logger: silentLogger };
    await qemuAdapters(config, data, parts).network.destroy();
  }
  await rm(data.runtime, { recursive: true, force: true });
  if (!deleteData) return { ended: processes };
  await rm(data.root, { recursive: true, force: true });
  return { ended: processes, deleted: data.root };
}
