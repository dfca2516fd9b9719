import type { TimestampMs } from '@bakehouse/base';
import { apiError } from '../errors/api-error.ts';
import type { VolumeInitialization } from '../records/volume.ts';

const rateMiBps = { min: 100, max: 300 };

/** EC2's VolumeInitializationRate: only for what is made from a snapshot, and within its range. */
export function checkInitializationRate(rate: number | undefined, snapshotId?: string): void {
  if (rate === undefined) return;
  if (rate < rateMiBps.min || rate > rateMiBps.max) {
    throw apiError('InvalidParameterValue', {
      parameter: 'volumeInitializationRate',
      value: rate,
      hint: `Expecting ${rateMiBps.min} to ${rateMiBps.max} MiB/s`,
    });
  }
  if (snapshotId) return;
  throw apiError('InvalidParameterCombination', {
    message:
      'The parameter VolumeInitializationRate needs a SnapshotId: an empty volume is complete',
  });
}

/** The state of a volume that starts being filled from its snapshot; without a rate, as fast as possible. */
export function beginInitialization(startedAt: TimestampMs, rate?: number): VolumeInitialization {
  const begun = { state: 'initializing', startedAt, progressPercent: 0 } as const;
  return rate === undefined ? begun : { ...begun, rateMiBps: rate };
}
