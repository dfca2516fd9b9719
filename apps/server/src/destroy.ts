import { rm } from 'node:fs/promises';
import { secondMs, silentLogger, systemClock } from '@bakehouse/base';
import { releaseMachines } from '@bakehouse/compute-qemu';
import { endProcess, findControlGroups, type HostProcess } from '@bakehouse/host';
import { type Config, UsageError } from './config.ts';
import { type DataDirectory, findDataDirectory, nameDataDirectory } from './data-directory.ts';
import { holderOf, lockData } from './data-lock.ts';
import { endProcesses } from './doctor/end-processes.ts';
import { type PlatformProcess, platformProcesses } from './doctor/platform-processes.ts';
import { notedServers } from './sharing-servers.ts';
import { qemuAdapters } from './wiring/qemu-adapters.ts';

/** A server finishes its requests first. */
const serverGraceMs = 60 * secondMs;

const clock = systemClock;

export interface StoppedServers {
  /** The process that served the folder. */
  readonly serverPid?: number;
  readonly standbyPids: readonly number[];
}

const endServer = (server: HostProcess) =>
  endProcess(server, { what: 'server', clock, graceMs: serverGraceMs });

/** Ends the servers of a data folder as SIGTERM does; guests continue. */
export async function stopServers(config: Config): Promise<StoppedServers> {
  const data = await nameDataDirectory(config);
  const server = await holderOf(data.lock);
  const standbys = (await notedServers(data)).filter(({ pid }) => pid !== server?.pid);
  // First, as one would take over from the server that ends.
  for (const each of standbys) await endServer(each);
  if (server) await endServer(server);
  const standbyPids = standbys.map(({ pid }) => pid);
  return { standbyPids, ...(server ? { serverPid: server.pid } : {}) };
}

/** A standby has no lock of the folder, and takes over in it. */
async function refuseWithStandby(data: DataDirectory): Promise<void> {
  const [standby] = await notedServers(data);
  if (!standby) return;
  throw new UsageError(
    `the data folder ${data.root} is used by the standby server ${standby.pid}; end that one first: bakehouse down`,
  );
}

export interface DestroyResult {
  readonly ended: readonly PlatformProcess[];
  /** The folder that was deleted, when that was asked for. */
  readonly deleted?: string;
}

/**
 * Ends everything that outlives the server: guests (as by a power cut), helpers, the network. The data stays and the
 * next server continues with it, unless it is to be deleted, too. Rejects with UsageError while a server uses the
 * folder, and for a folder that is no data folder.
 */
export async function destroyPlatform(
  config: Config,
  { deleteData }: { readonly deleteData: boolean },
): Promise<DestroyResult> {
  const data = await findDataDirectory(config);
  await using _lock = await lockData(data);
  await refuseWithStandby(data);
  const processes = await platformProcesses(data);
  await endProcesses(processes, { clock });
  if (config.compute === 'qemu') {
    const parts = { clock, logger: silentLogger };
    const { network, users, volumes } = qemuAdapters(config, data, parts);
    await network.destroy();
    await releaseMachines(data.instances, { users, groups: await findControlGroups() });
    await volumes.releaseUsers();
  }
  await rm(data.runtime, { recursive: true, force: true });
  if (!deleteData) return { ended: processes };
  await rm(data.root, { recursive: true, force: true });
  return { ended: processes, deleted: data.root };
}
