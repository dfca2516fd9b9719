import { access, chmod } from 'node:fs/promises';
import { type JsonObject, QmpError } from '@bakehouse/qmp';
import { readBlockGraph } from './block-graph.ts';
import type { Monitor } from './monitor-pool.ts';
import { type WaitOptions, waitUntil } from './wait-until.ts';

/** Makes QEMU's own NBD server listen at `socketPath`. Serving there already is fine. */
export async function ensureNbdServer(monitor: Monitor, socketPath: string): Promise<void> {
  try {
    await startNbdServer(monitor, socketPath);
  } catch (error) {
    if (!(error instanceof QmpError)) throw error;
    const isThere = await access(socketPath).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    // It listens at a path that is gone, as after a move of the runtime folder.
    await monitor.execute('nbd-server-stop');
    await startNbdServer(monitor, socketPath);
  }
}

async function startNbdServer(monitor: Monitor, socketPath: string): Promise<void> {
  const addr = { type: 'unix', data: { path: socketPath } };
  await monitor.execute('nbd-server-start', { addr, 'max-connections': 0 });
  await chmod(socketPath, 0o600);
}

export interface NbdExport {
  readonly id: string;
  readonly node: string;
  readonly bitmap?: { readonly node: string; readonly name: string };
}

/** A read-only export; its name is its id. */
export async function addNbdExport(monitor: Monitor, options: NbdExport): Promise<void> {
  const { id, node, bitmap } = options;
  const args: JsonObject = {
    type: 'nbd',
    id,
    name: id,
    'node-name': node,
    writable: false,
    'allocation-depth': true,
    ...(bitmap && { bitmaps: [bitmap] }),
  };
  await monitor.execute('block-export-add', args);
}

/** Ends an export and its clients' connections; resolves when QEMU holds it no more. */
export async function removeNbdExport(
  monitor: Monitor,
  id: string,
  wait: Omit<WaitOptions, 'what'>,
): Promise<void> {
  const { exports } = await readBlockGraph(monitor);
  if (!exports.has(id)) return;
  await tolerateRefusal(monitor.execute('block-export-del', { id, mode: 'hard' }));
  await waitUntil(async () => !(await readBlockGraph(monitor)).exports.has(id), {
    ...wait,
    what: `end of export ${id}`,
  });
}

/** Cancels a job; resolves when QEMU has it no more. No such job: no-op. */
export async function cancelJob(
  monitor: Monitor,
  id: string,
  wait: Omit<WaitOptions, 'what'>,
): Promise<void> {
  const { jobs } = await readBlockGraph(monitor);
  if (!jobs.has(id)) return;
  await tolerateRefusal(monitor.execute('job-cancel', { id }));
  await waitUntil(async () => !(await readBlockGraph(monitor)).jobs.has(id), {
    ...wait,
    what: `end of job ${id}`,
  });
}

/** For what QEMU refuses because it is so already; the caller looks at the state afterwards. */
export async function tolerateRefusal(command: Promise<unknown>): Promise<void> {
  await command.catch((error: unknown) => {
    if (!(error instanceof QmpError)) throw error;
  });
}
