import { join } from 'node:path';
import type { Clock } from '@bakehouse/base';
import type { MachineNic } from '@bakehouse/domain';
import { firstHandedDescriptor } from '@bakehouse/host';
import type { QmpClient } from '@bakehouse/qmp';
import { MemoryMisfitError } from './compute-errors.ts';
import { readTail } from './console-log.ts';
import { withdrawCard } from './fork-card.ts';
import { freshSecrets } from './guest-secrets.ts';
import { machineFileNames } from './machine-files.ts';
import { isMonitorFailure, qemuBuildOf, runStateOf } from './monitor.ts';
import { cardBackend, cardDevice, firstCard, firstCardPlace } from './network-card.ts';
import { GuestMemoryError, writeGuestMemory } from './write-guest-memory.ts';

const pollMs = 10;

export interface RestoreOptions {
  readonly folder: string;
  /** QEMU's. */
  readonly user: number;
  readonly qemuBuild: string;
  /** The guest's first card. */
  readonly nic: MachineNic;
  /** The memory is of a guest with a card, and with these secrets. */
  readonly fork?: { readonly secrets: string };
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/**
 * Gives a machine that waits for memory what its first handed descriptor has, then its card; a fork loses the card of the
 * guest that the memory is of, and its secrets, and gets a card of its own later (fork-card.ts). Its guest does not run yet.
 * Rejects with MemoryMisfitError; the machine is of no use then.
 */
export async function restoreMemory(client: QmpClient, options: RestoreOptions): Promise<void> {
  const { qemuBuild, nic, fork } = options;
  const name = fork ? 'memory' : 'template';
  try {
    const build = await qemuBuildOf(client);
    if (build !== qemuBuild) {
      throw new MemoryMisfitError(
        `the ${name} was made by another QEMU: ${qemuBuild}, not ${build}`,
      );
    }
    await client.execute('migrate-incoming', { uri: `fd:${firstHandedDescriptor}` });
    await loaded(client, options, name);
    if (fork) {
      await writeGuestMemory(client, freshSecrets(fork.secrets), options);
      return await withdrawCard(client);
    }
    await client.execute('netdev_add', cardBackend(firstCard, nic.port));
    await client.execute('device_add', { ...cardDevice(firstCard, nic), ...firstCardPlace });
  } catch (error) {
    if (!isMonitorFailure(error) && !(error instanceof GuestMemoryError)) throw error;
    const log = await readTail(join(options.folder, machineFileNames.log), 1000);
    const text = log.toString('utf8').trim() || error.message;
    throw new MemoryMisfitError(`QEMU could not load the ${name}: ${text}`, { cause: error });
  }
}

async function loaded(
  client: QmpClient,
  { clock, timeoutMs }: RestoreOptions,
  name: string,
): Promise<void> {
  const deadline = clock.elapsed() + timeoutMs;
  for (;;) {
    const status = await runStateOf(client);
    if (status === 'paused') return;
    if (status !== 'inmigrate') {
      throw new MemoryMisfitError(`the machine is ${status} when the ${name} is loaded`);
    }
    if (clock.elapsed() >= deadline) {
      throw new MemoryMisfitError(`the ${name} was not loaded within ${timeoutMs} ms`);
    }
    await clock.sleep(pollMs);
  }
}
