import { constants } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@bakehouse/base';
import { openPlainFile } from '@bakehouse/host';
import type { QmpClient } from '@bakehouse/qmp';
import { machineFileNames } from './machine-files.ts';
import { runStateOf } from './monitor.ts';

export interface RebootOptions {
  readonly clock: Clock;
  readonly folder: string;
  readonly limitMs: number;
  readonly pressEveryMs: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  /** A guest that is held cannot shut down, and boots when it may go on. */
  readonly isHeld: () => boolean;
  /** Does work while nobody begins or ends a hold. */
  readonly withoutHolder: (work: () => Promise<void>) => Promise<void>;
}

/** Presses the power button until the guest has shut down (run state `shutdown`) or the limit is reached. */
async function shutDown(client: QmpClient, options: RebootOptions): Promise<void> {
  const { clock, limitMs, pressEveryMs, pollMs, signal } = options;
  const startedAt = clock.elapsed();
  let pressedAt = Number.NEGATIVE_INFINITY;
  while ((await runStateOf(client)) !== 'shutdown') {
    const now = clock.elapsed();
    if (now - startedAt >= limitMs) return;
    if (now - pressedAt >= pressEveryMs) {
      pressedAt = now;
      await client.execute('system_powerdown');
    }
    await clock.sleep(pollMs, signal);
  }
}

/**
 * Reboots the guest within its process. QEMU is set to pause where it would end; the guest shuts down by its
 * power button, or is cut short at the limit; then the machine is reset. Repeatable: a machine that an earlier
 * try left paused continues, unless it is held.
 */
export async function rebootMachine(client: QmpClient, options: RebootOptions): Promise<void> {
  await client.execute('set-action', { shutdown: 'pause' });
  try {
    if (!options.isHeld()) await shutDown(client, options);
    await client.execute('system_reset');
    // The trace of this shutdown must not be taken for the reason of a later end.
    const shutdowns = join(options.folder, machineFileNames.shutdowns);
    await (await openPlainFile(shutdowns, constants.O_WRONLY | constants.O_TRUNC)).close();
  } finally {
    await client.execute('set-action', { shutdown: 'poweroff' });
  }
  await options.withoutHolder(async () => {
    if (options.isHeld() || (await runStateOf(client)) === 'running') return;
    await client.execute('cont');
  });
}
