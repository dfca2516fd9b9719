import { access, rm } from 'node:fs/promises';
import type { Clock, Logger } from '@bakehouse/base';
import type { Config } from './config.ts';
import type { DataDirectory } from './data-directory.ts';
import { endProcesses } from './doctor/end-processes.ts';
import { platformProcesses } from './doctor/platform-processes.ts';
import { qemuAdapters } from './wiring/qemu-adapters.ts';

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Looks at what the platform has on this host, and answers what takes away what a start that then fails has
 * added: helpers, the network, sockets. Guests that run need all of them, so with guests everything stays.
 */
export async function startUndo(
  config: Config,
  data: DataDirectory,
  parts: { readonly clock: Clock; readonly logger: Logger },
): Promise<() => Promise<void>> {
  const before = new Set((await platformProcesses(data)).map(({ pid }) => pid));
  const hadNetwork = await isThere(`/run/netns/${data.shortName}`);
  const hadRuntime = await isThere(data.runtime);
  return async () => {
    const now = await platformProcesses(data);
    if (now.some(({ role }) => role === 'guest')) return;
    await endProcesses(now.filter(({ pid }) => !before.has(pid)));
    if (!hadNetwork) await qemuAdapters(config, data, parts).network.destroy();
    if (!hadRuntime) await rm(data.runtime, { recursive: true, force: true });
  };
}
