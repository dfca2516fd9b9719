import type { TimestampMs } from '@bakehouse/base';
import { apiError, type VolumeInitialization } from '@bakehouse/domain';

const rateMiBps = { min: 100, max: 300 };

/** EC2's VolumeInitializationRate: only for what is made from a snapshot, and within its range. */
export function checkInitializationRate(rate: number | undefined, snapshotId?: string): void {
  if (rate === undefined) return;
  if (rate < rateMiBps.min || rate > rateMiBps.max) {
    throw apiError('InvalidParameterValue', {
      message: `Value (${rate}) for parameter volumeInitializationRate is invalid. Expecting ${rateMiBps.min} to ${rateMiBps.max} MiB/s`,
    });
  }
  if (snapshotId) return;
  throw apiError('InvalidParameterCombination', {
    message:
      'The parameter VolumeInitializationRate needs a SnapshotId: an empty volume is complete',
  });
}

/** A volume that is to be filled from its snapshot in the background; at a rate, or as fast as it goes. */
export function beginInitialization(startedAt: TimestampMs, rate?: number): VolumeInitialization {
  const begun = { state: 'initializing', startedAt, progressPercent: 0 } as const;
  return rate === undefined ? begun : { ...begun, rateMiBps: rate };
}
