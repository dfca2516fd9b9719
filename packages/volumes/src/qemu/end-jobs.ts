import { allEnded } from '@bakehouse/base';
import { QmpError } from '@bakehouse/qmp';
import { type BlockGraph, readBlockGraph } from './block-graph.ts';
import type { Monitor } from './monitor-pool.ts';
import { type WaitOptions, waitForGraph } from './wait-until.ts';

export interface Ending {
  readonly jobs?: readonly string[];
  /** Their clients are disconnected. */
  readonly exports?: readonly string[];
}

/**
 * Cancels jobs and removes exports; those that do not exist are passed over. Resolves to the block graph without
 * them. `graph` is what the caller has read just before; pass it to save a round trip.
 */
export async function endJobsAndExports(
  monitor: Monitor,
  { jobs = [], exports = [] }: Ending,
  wait: Omit<WaitOptions, 'what'>,
  graph?: BlockGraph,
): Promise<BlockGraph> {
  const before = graph ?? (await readBlockGraph(monitor));
  const isGone = (now: BlockGraph) =>
    !jobs.some((id) => now.jobs.has(id)) && !exports.some((id) => now.exports.has(id));
  if (isGone(before)) return before;
  // QEMU refuses what is ending already.
  await allEnded([
    ...exports
      .filter((id) => before.exports.has(id))
      .map((id) => tolerateRefusal(monitor.execute('block-export-del', { id, mode: 'hard' }))),
    ...jobs
      .filter((id) => before.jobs.has(id))
      .map((id) => tolerateRefusal(monitor.execute('job-cancel', { id }))),
  ]);
  const what = `end of ${[...jobs, ...exports].join(', ')}`;
  return waitForGraph(monitor, isGone, { ...wait, what });
}

/** For commands that QEMU refuses when they are not needed; the caller looks at the state afterwards. */
export async function tolerateRefusal(command: Promise<unknown>): Promise<void> {
  await command.catch((error: unknown) => {
    if (!(error instanceof QmpError)) throw error;
  });
}
