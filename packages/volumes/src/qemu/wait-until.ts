import type { Clock } from '@bakehouse/base';
import { VolumeTimeoutError } from '../volume-errors.ts';
import { type BlockGraph, readBlockGraph } from './block-graph.ts';
import type { Monitor } from './monitor-pool.ts';

export interface WaitOptions {
  readonly clock: Clock;
  readonly pollMs: number;
  readonly timeoutMs: number;
  /** What is waited for, for the error. */
  readonly what: string;
}

/** Resolves when `isReached` returns true. Rejects with VolumeTimeoutError. */
export async function waitUntil(
  isReached: () => Promise<boolean>,
  options: WaitOptions,
): Promise<void> {
  const { clock, pollMs } = options;
  const late = deadline(options);
  while (!(await isReached())) {
    late();
    await clock.sleep(pollMs);
  }
}

/**
 * Resolves to QEMU's block graph when `isReached` returns true for it: read at once, again after each event that
 * says that a job or an export has ended, and every `pollMs`. Rejects with VolumeTimeoutError.
 */
export async function waitForGraph(
  monitor: Monitor,
  isReached: (graph: BlockGraph) => boolean,
  options: WaitOptions,
): Promise<BlockGraph> {
  let ended = Promise.withResolvers<void>();
  const stopListening = monitor.onEvent(({ event, data }) => {
    const jobEnded = event === 'JOB_STATUS_CHANGE' && data.status === 'null';
    if (jobEnded || event === 'BLOCK_EXPORT_DELETED') ended.resolve();
  });
  const late = deadline(options);
  try {
    for (;;) {
      const graph = await readBlockGraph(monitor);
      if (isReached(graph)) return graph;
      late();
      await either(ended.promise, options);
      ended = Promise.withResolvers();
    }
  } finally {
    stopListening();
  }
}

/** Throws when it is called after the time limit. */
function deadline({ clock, timeoutMs, what }: WaitOptions): () => void {
  const endsAt = clock.elapsed() + timeoutMs;
  return () => {
    if (clock.elapsed() < endsAt) return;
    throw new VolumeTimeoutError(`${what}: not within ${timeoutMs} ms`);
  };
}

/** Resolves after the event, or after a while without one: an event may be lost with its connection. */
async function either(event: Promise<void>, { clock, pollMs }: WaitOptions): Promise<void> {
  const cancel = new AbortController();
  const pause = clock.sleep(pollMs, cancel.signal).catch(() => {});
  await Promise.race([event, pause]);
  cancel.abort();
}
