import { setImmediate } from 'node:timers/promises';

/**
 * Enough runs of the event loop for work that waits for nothing but twins to come to rest: each write to
 * a metadata store takes one or two. Work with more steps than that goes on at the next call.
 */
const rounds = 24;

export async function settle(): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await setImmediate();
}
