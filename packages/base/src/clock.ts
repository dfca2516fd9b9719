/** Milliseconds since 1970-01-01T00:00Z. */
export type TimestampMs = number;

/** Time and waiting, replaced by a controllable twin in tests. */
export interface Clock {
  /** The wall clock's time, for records. It jumps when somebody sets the clock. */
  now(): TimestampMs;
  /** Milliseconds since some moment, for durations and time limits: goes on evenly whatever the wall clock does. */
  elapsed(): number;
  /** Resolves after `durationMs`; rejects with the signal's reason when it is aborted. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep(durationMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, durationMs);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
