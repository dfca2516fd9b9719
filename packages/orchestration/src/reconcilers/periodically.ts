import type { Clock, Logger } from '@bakehouse/base';

/** Repeats `work` until the signal, each time `everyMs` after its last end. Failures are logged. */
export async function periodically(
  { clock, logger }: { clock: Clock; logger: Logger },
  { name, everyMs, signal }: { name: string; everyMs: number; signal: AbortSignal },
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(everyMs, signal);
      await work();
    } catch (error) {
      if (signal.aborted) return;
      logger.log('warn', `${name} failed`, { error });
    }
  }
}
