import type { Clock } from '@bakehouse/base';
import type { Life } from './life.ts';

/** The clock as one life has it: its sleepers do not wake once it is over, and leave the clock. */
export function mortalClock(clock: Clock, life: Life): Clock {
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    sleep(durationMs, signal) {
      if (life.isOver) return life.never();
      const either = signal ? AbortSignal.any([signal, life.signal]) : life.signal;
      return life.whileAlive(clock.sleep(durationMs, either));
    },
  };
}
