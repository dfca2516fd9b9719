import { rm } from 'node:fs/promises';
import type { Clock, Logger } from '@bakehouse/base';
import { exists } from '@bakehouse/host';
import type { Config } from './config.ts';
import type { DataDirectory } from './data-directory.ts';
import { endProcesses } from './doctor/end-processes.ts';
import { platformProcesses } from './doctor/platform-processes.ts';
import { qemuAdapters } from './wiring/qemu-adapters.ts';

/**
 * Looks at what the platform has on this host, and returns what removes everything that a failed start has added:
 * helpers, the network, sockets. Guests need all of that, so while a guest runs everything stays.
 */
export async function startUndo(
  config: Config,
  data: DataDirectory,
  parts: { readonly clock: Clock; readonly logger: Logger },
): Promise<() => Promise<void>> {
  const before = new Set((await platformProcesses(data)).map(({ pid }) => pid));
  const hadNetwork = await exists(`/run/netns/${data.shortName}`);
  const hadRuntime = await exists(data.runtime);
  return async () => {
    const now = await platformProcesses(data);
    if (now.some(({ role }) => role === 'guest')) return;
    await endProcesses(
      now.filter(({ pid }) => !before.has(pid)),
      parts,
    );
    if (!hadNetwork) await qemuAdapters(config, data, parts).network.destroy();
    if (!hadRuntime) await rm(data.runtime, { recursive: true, force: true });
  };
}
