import type { Architecture, InstanceId, VolumeId } from '../records/index.ts';
import type { TapDevice } from './network.ts';

export interface MachineDisk {
  readonly deviceName: string;
  readonly volumeId: VolumeId;
  /** Position in boot order; undefined is not booted from. */
  readonly bootIndex?: number;
}

export interface MachineSpec {
  readonly instanceId: InstanceId;
  readonly generation: number;
  readonly instanceType: string;
  readonly architecture: Architecture;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly disks: readonly MachineDisk[];
  /** Empty disks, made anew at each start. */
  readonly ephemeralDisks: readonly { readonly deviceName: string; readonly sizeBytes: number }[];
  readonly nic: { readonly macAddress: string; readonly tap: TapDevice };
}

export type ExitReason =
  /** The guest powered itself off (or obeyed the power button). */
  | 'guest-shutdown'
  /** Asked for by the driver's caller. */
  | 'killed'
  /** QEMU went away by itself. */
  | 'crashed';

export type MachineEvent =
  | {
      readonly kind: 'exited';
      readonly instanceId: InstanceId;
      readonly generation: number;
      readonly reason: ExitReason;
      readonly detail?: string;
    }
  /** QEMU stopped the guest because a disk could not be written or read; it goes on with `resumed`. */
  | {
      readonly kind: 'paused';
      readonly instanceId: InstanceId;
      readonly generation: number;
      readonly reason: string;
    }
  | { readonly kind: 'resumed'; readonly instanceId: InstanceId; readonly generation: number }
  | { readonly kind: 'rebooted'; readonly instanceId: InstanceId; readonly generation: number };

export interface MachineStatus {
  readonly instanceId: InstanceId;
  readonly generation: number;
  readonly pid: number;
  /** `halted`: the guest has ended for good, see `Halter`. */
  readonly state: 'running' | 'paused' | 'halted' | 'unresponsive';
}

/** A machine that cannot be started now; `detail` has the arithmetic. Becomes InsufficientInstanceCapacity. */
export class InsufficientCapacityError extends Error {
  override readonly name = 'InsufficientCapacityError';
}

/** Virtual machines that outlive the control plane. */
export interface ComputeDriver {
  /** Resolves when the machine runs. Starting a machine that runs in this generation is a no-op. */
  start(spec: MachineSpec): Promise<void>;
  /** Presses the power button and returns; the `exited` event tells the rest. No machine: no-op. */
  pressPowerButton(instanceId: InstanceId): Promise<void>;
  /** Ends the machine at once and resolves when its process is gone. No machine: no-op. */
  kill(instanceId: InstanceId): Promise<void>;
  /** Resets the machine: the guest boots again in the same process. */
  reset(instanceId: InstanceId): Promise<void>;
  /** Every machine that is there, found by what is on disk: also those of an earlier control plane. */
  list(): Promise<readonly MachineStatus[]>;
  /** Removes what is kept of a machine that has ended: logs, sockets, folder. */
  forget(instanceId: InstanceId): Promise<void>;
  /** Events from now on, also of machines found again. Answers how to stop listening. */
  watch(listener: (event: MachineEvent) => void): () => void;
  /** Starts finding machines and their events again; to be called once after `watch`. */
  adopt(): Promise<void>;
}

/** Power: changing the disks of a running machine. */
export interface DiskHotplug {
  /** Resolves when the guest has been offered the disk. Attaching what is attached is a no-op. */
  attachDisk(instanceId: InstanceId, disk: MachineDisk): Promise<void>;
  /** Resolves when the guest has let go; `force` does not wait for it. Not attached: no-op. */
  detachDisk(instanceId: InstanceId, volumeId: VolumeId, force: boolean): Promise<void>;
}

/** Power: what the guest wrote to its serial port. */
export interface ConsoleReader {
  /** The last 64 KiB at most, over reboots and stops; undefined when there never was a machine. */
  readConsole(
    instanceId: InstanceId,
  ): Promise<{ bytes: Uint8Array; changedAt: number } | undefined>;
}

/** Power: a picture of the guest's screen. */
export interface Screenshotter {
  /** A JPEG picture. */
  screenshot(instanceId: InstanceId): Promise<Uint8Array>;
}

/** Power: a reboot that lets the guest write what it holds. */
export interface Rebooter {
  /**
   * Presses the power button and, when the guest has shut down, boots it again in the same process, with no
   * `exited` event; a guest that is not down after `limitMs` is reset. No machine: an error.
   */
  reboot(
    instanceId: InstanceId,
    options: { readonly limitMs: number; readonly signal: AbortSignal },
  ): Promise<void>;
}

/** Power: the end of a guest whose disks are still being read through its machine. */
export interface Halter {
  /**
   * From now on the machine stays, `halted` and with its disks open, when its guest shuts down, until `kill`.
   * With `now` the guest is stopped where it stands. Repeatable. No machine: no-op.
   */
  halt(instanceId: InstanceId, options: { readonly now: boolean }): Promise<void>;
}

/** Power: which machines stand still because a disk of theirs has no room. */
export interface StallReporter {
  /** Why each of them stands, with the way out; a machine that goes on or ends is no longer told of. */
  stalled(): Promise<ReadonlyMap<InstanceId, string>>;
}

export interface Capacity {
  /** How many machines could be started now; the number asked for at most. */
  readonly count: number;
  /** Why not more, with the arithmetic. */
  readonly shortage?: string;
}

/** Power: room for machines, as far as it is known before they start. */
export interface CapacityReporter {
  capacityFor(memoryMiB: number, count: number): Promise<Capacity>;
}

export type Compute = ComputeDriver &
  DiskHotplug &
  ConsoleReader &
  Screenshotter &
  Rebooter &
  Halter &
  StallReporter &
  CapacityReporter;
