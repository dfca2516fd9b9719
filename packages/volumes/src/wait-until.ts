import type { Clock } from '@bakehouse/base';
import { VolumeTimeoutError } from './volume-errors.ts';

export interface WaitOptions {
  readonly clock: Clock;
  readonly pollMs: number;
  readonly timeoutMs: number;
  /** What is waited for, for the error. */
  readonly what: string;
}

/** Resolves when `isReached` answers true. Rejects with VolumeTimeoutError. */
export async function waitUntil(
  isReached: () => Promise<boolean>,
  options: WaitOptions,
): Promise<void> {
  const { clock, pollMs, timeoutMs, what } = options;
  const endsAt = clock.elapsed() + timeoutMs;
  while (!(await isReached())) {
    if (clock.elapsed() >= endsAt)
      throw new VolumeTimeoutError(`${what}: not within ${timeoutMs} ms`);
    await clock.sleep(pollMs);
  }
}
