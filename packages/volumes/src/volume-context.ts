import type { Clock, KeyedLock, Logger } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import type { MonitorPool } from './monitor-pool.ts';
import type { VolumeLimits } from './volume-limits.ts';
import type { VolumePaths } from './volume-paths.ts';
import type { WaitOptions } from './wait-until.ts';

/** What the operations on volumes share. */
export interface VolumeContext {
  readonly paths: VolumePaths;
  /** Short: a Unix socket's address holds 107 bytes. */
  readonly runtimeDirectory: string;
  readonly exporterSocketPath: string;
  readonly instanceSockets: (instanceId: InstanceId) => string | undefined;
  readonly monitors: MonitorPool;
  /** Keyed by volume id. */
  readonly locks: KeyedLock;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: VolumeLimits;
  /** The part of the limits that waiting for QEMU needs. */
  readonly limitsOfWait: Omit<WaitOptions, 'what'>;
}
