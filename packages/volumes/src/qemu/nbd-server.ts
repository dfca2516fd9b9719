import { exists } from '@bakehouse/host';
import { type JsonObject, QmpError } from '@bakehouse/qmp';
import type { Monitor, QmpCommand } from './monitor-pool.ts';

/**
 * Makes QEMU's own NBD server listen at `socketPath`, in a folder that only its user and root can enter. A no-op when
 * it does already.
 */
export async function ensureNbdServer(monitor: Monitor, socketPath: string): Promise<void> {
  try {
    await startNbdServer(monitor, socketPath);
  } catch (error) {
    if (!(error instanceof QmpError)) throw error;
    if (await exists(socketPath)) return;
    // It listens at a path that no longer exists, for example after the runtime folder was moved.
    await monitor.execute('nbd-server-stop');
    await startNbdServer(monitor, socketPath);
  }
}

async function startNbdServer(monitor: Monitor, socketPath: string): Promise<void> {
  const addr = { type: 'unix', data: { path: socketPath } };
  await monitor.execute('nbd-server-start', { addr, 'max-connections': 0 });
}

export interface NbdExport {
  /** Also the name that clients ask for. */
  readonly id: string;
  readonly node: string;
  /** Offered as the metadata context `qemu:dirty-bitmap:NAME`. QEMU refuses one that records. */
  readonly bitmap?: { readonly node: string; readonly name: string };
}

/** Adds a read-only export. */
export function nbdExportCommand({ id, node, bitmap }: NbdExport): QmpCommand {
  const args: JsonObject = {
    type: 'nbd',
    id,
    name: id,
    'node-name': node,
    writable: false,
    'allocation-depth': true,
    ...(bitmap && { bitmaps: [bitmap] }),
  };
  return ['block-export-add', args];
}
