import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { secondMs, silentLogger, systemClock } from '@bakehouse/base';
import { endProcess } from '@bakehouse/host';
import type { Config } from './config.ts';
import { findDataDirectory } from './data-directory.ts';
import { holderOf, lockData } from './data-lock.ts';
import { endProcesses } from './doctor/end-processes.ts';
import { type PlatformProcess, platformProcesses } from './doctor/platform-processes.ts';
import { qemuAdapters } from './wiring/qemu-adapters.ts';

/** A server finishes its requests first. */
const serverGraceMs = 60 * secondMs;

const clock = systemClock;

/** Ends the server of a data folder as SIGTERM does; guests continue. Returns its process id, if one ran. */
export async function stopServer(config: Config): Promise<number | undefined> {
  const root = await realpath(config.dataDirectory).catch(() => config.dataDirectory);
  const server = await holderOf(join(root, 'lock'));
  if (server) await endProcess(server, { what: 'server', clock, graceMs: serverGraceMs });
  return server?.pid;
}

export interface DestroyResult {
  readonly ended: readonly PlatformProcess[];
  /** The folder that was deleted, when that was asked for. */
  readonly deleted?: string;
}

/**
 * Ends everything that outlives the server: guests (as by a power cut), helpers, the network. The data stays and the
 * next server continues with it, unless it is to be deleted, too. Rejects with UsageError while a server serves the
 * folder, and for a folder that is no data folder.
 */
export async function destroyPlatform(
  config: Config,
  { deleteData }: { readonly deleteData: boolean },
): Promise<DestroyResult> {
  const data = await findDataDirectory(config);
  await using _lock = await lockData(data);
  const processes = await platformProcesses(data);
  await endProcesses(processes, { clock });
  if (config.compute === 'qemu') {
    const parts = { clock, logger: silentLogger };
    await qemuAdapters(config, data, parts).network.destroy();
  }
  await rm(data.runtime, { recursive: true, force: true });
  if (!deleteData) return { ended: processes };
  await rm(data.root, { recursive: true, force: true });
  return { ended: processes, deleted: data.root };
}
