import type { Clock, Logger } from '@bakehouse/base';
import type { NetworkPort, VolumeId } from '@bakehouse/domain';
import type { QemuBlockdevs } from '@bakehouse/qmp';
import type { Accelerator } from './accelerator.ts';
import type { ComputeLimits } from './compute-limits.ts';

export interface QemuComputeOptions {
  /** Holds a folder for each instance. Created when it is missing. */
  readonly directory: string;
  /** A volume's disk as QEMU's block graph. The last node is named by the volume's id. */
  readonly volumeDisks: (volumeId: VolumeId) => Promise<QemuBlockdevs>;
  /** The argv prefix that runs a program beside a port of the network. It must become that program by exec. */
  readonly enter: (port: NetworkPort) => readonly string[];
  readonly accelerator: Accelerator['accel'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<ComputeLimits>;
}

/** The options with every limit filled in. */
export interface ComputeContext extends QemuComputeOptions {
  readonly limits: ComputeLimits;
}
