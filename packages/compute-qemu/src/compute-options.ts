import type { Clock, Logger } from '@bakehouse/base';
import type { GuestRoomMeter, NetworkPort, ReadReporter } from '@bakehouse/domain';
import type { ControlGroups, JailUsers } from '@bakehouse/host';
import type { Accelerator } from './accelerator.ts';
import type { ComputeLimits } from './compute-limits.ts';
import type { MachineDisks } from './machine-disks.ts';

export interface QemuComputeOptions {
  /** Holds a folder for each instance. Created when it is missing. */
  readonly directory: string;
  readonly disks: MachineDisks;
  /** Each machine's user is that of its folder. */
  readonly users: JailUsers;
  /** Limits of memory, processors, threads and disks for each machine. */
  readonly groups: ControlGroups;
  /** The argv prefix that runs a program beside a port of the network. It must become that program by exec. */
  readonly enter: (port: NetworkPort) => readonly string[];
  /** Counts what machines read of maps that have no hot file. */
  readonly reads: Pick<ReadReporter, 'ofVolumes'>;
  readonly accelerator: Accelerator['accel'];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Has the file system of `directory`. */
  readonly room: GuestRoomMeter;
  readonly limits?: Partial<ComputeLimits>;
}

/** The options with every limit filled in. */
export interface ComputeContext extends QemuComputeOptions {
  readonly limits: ComputeLimits;
}
