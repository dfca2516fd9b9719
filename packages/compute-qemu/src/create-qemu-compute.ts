import type { Clock, Logger } from '@bakehouse/base';
import type { Compute, VolumeId } from '@bakehouse/domain';
import type { QemuBlockdevs } from '@bakehouse/qmp';
import type { Accelerator } from './accelerator.ts';
import { type ComputeLimits, computeLimitsDefault } from './compute-limits.ts';
import { QemuCompute } from './qemu-compute.ts';

export interface QemuComputeOptions {
  /** Holds a folder for each instance. Made when it is missing. */
  readonly directory: string;
  /** A volume's disk as QEMU's block graph; the last node is named by the volume's id. */
  readonly volumeDisks: (volumeId: VolumeId) => Promise<QemuBlockdevs>;
  /** The argv prefix that runs a program inside the network; it must become that program by exec. */
  readonly enter: readonly string[];
  readonly accelerator: Accelerator['accel'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<ComputeLimits>;
}

/**
 * Machines as detached QEMU processes, found again by their folders. `exited` is told at least once for each
 * generation: `adopt` tells it again for machines that have ended and were not forgotten.
 */
export function createQemuCompute(options: QemuComputeOptions): Compute {
  return new QemuCompute({ ...options, limits: { ...computeLimitsDefault, ...options.limits } });
}
