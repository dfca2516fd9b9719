import { KiB, type TimestampMs } from '@bakehouse/base';
import type { CpuOptions } from '../instance-types/cpu-options.ts';
import type { Architecture, InstanceId, NetworkInterfaceId, VolumeId } from '../records/index.ts';
import type { VolumeReads } from './block-reads.ts';
import type { NetworkPort } from './network.ts';
import type { DiskBacking } from './volume-disks.ts';

export interface MachineDisk {
  readonly deviceName: string;
  readonly volumeId: VolumeId;
  /** Position in boot order; undefined is not booted from. */
  readonly bootIndex?: number;
}

/** A network card of a machine, and the network's port that it is connected to. */
export interface MachineNic {
  readonly nicId: NetworkInterfaceId;
  readonly macAddress: string;
  readonly port: NetworkPort;
}

/** The most virtual CPUs that a driver must be able to give a machine: those of a PC without x2APIC. */
export const vcpusMax = 255;

export interface MachineSpec {
  readonly instanceId: InstanceId;
  readonly generation: number;
  readonly instanceType: string;
  readonly architecture: Architecture;
  /** The guest sees so many cores with so many threads each; at most `vcpusMax` in all. */
  readonly cpus: CpuOptions;
  readonly memoryMiB: number;
  readonly disks: readonly MachineDisk[];
  /** Empty disks, created again at each start. */
  readonly ephemeralDisks: readonly { readonly deviceName: string; readonly sizeBytes: number }[];
  /** The first is the guest's first card, which cannot be detached. None: see `MemoryKeeper`. */
  readonly nics: readonly MachineNic[];
  /**
   * The machine whose kept memory this one goes on from, where it fits; otherwise it boots, and `MachineBoot` says why. Its
   * disk has to be what that machine's was when its memory was kept, so it boots when its guest has begun before.
   */
  readonly memoryOf?: InstanceId;
  /**
   * The machine that this one is a fork of: it goes on from what `GuestForker` has kept for it, with another network card,
   * or does not start. It does so once; later generations boot.
   */
  readonly forkOf?: InstanceId;
}

/** The memory of a guest cannot be kept. The message says why. */
export class MemoryNotKeptError extends Error {
  override readonly name = 'MemoryNotKeptError';
}

/** Capability: the memory of a guest that waits for its first network card, for other machines to go on from. */
export interface MemoryKeeper {
  /**
   * Waits until the guest of this machine, which runs and has no card, waits for one; keeps its memory and the state of
   * its devices, and ends the machine. Rejects with MemoryNotKeptError when the guest ends, when all of it takes longer than
   * `limitMs`, when there is more to keep than the machine has memory, and when the disk gets full. `forget` removes what
   * is kept. Kept already: no-op.
   */
  keepMemory(
    spec: MachineSpec,
    options: { readonly limitMs: number; readonly signal: AbortSignal },
  ): Promise<void>;
}

/** A machine that is to go on where another is. */
export interface ForkedMachine {
  readonly instanceId: InstanceId;
  /** Each disk of the other machine, and the volume that gets its content: empty so far, with the same origin. */
  readonly disks: readonly { readonly volumeId: VolumeId; readonly copyId: VolumeId }[];
}

export interface ForkResult {
  /** When memory and disks were fixed. */
  readonly at: TimestampMs;
  /** How long the guest was paused. */
  readonly pauseMs: number;
  readonly memoryBytes: number;
}

/** Capability: memory and disks of a running guest, at one instant, for other machines to go on from. */
export interface GuestForker {
  /** Why the guest of this machine would not be forked, as far as that is known without a look at the machine. */
  forkRefusal(instanceId: InstanceId): Promise<string | undefined>;
  /**
   * Keeps, for each of `forks`, the memory of the guest of this machine, which runs on, and copies its disks. Rejects with
   * MemoryNotKeptError when the machine has other devices than `spec` or does not run, when it all takes longer than
   * `limitMs`, when the guest changes its memory faster than it is copied, and when the disk gets full; then and when it is
   * aborted, nothing is kept, the disks have any content, and the guest runs on. Each machine has its memory until it has
   * started with `forkOf`, or is forgotten.
   */
  fork(
    spec: MachineSpec,
    options: {
      readonly forks: readonly ForkedMachine[];
      readonly limitMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<ForkResult>;
  /**
   * Ends what a fork has left in the machine that was cut off, whose guest goes on, and what it has kept for `forks`.
   * Repeatable. No machine: what is kept is removed. A machine that does not respond is not waited for: what is left in it
   * ends when it responds, or with it.
   */
  endFork(instanceId: InstanceId, forks: readonly ForkedMachine[]): Promise<void>;
}

export type ExitReason =
  /** The guest powered itself off, or obeyed the power button. */
  | 'guest-shutdown'
  /** The driver's caller asked for it. */
  | 'killed'
  /** The machine ended by itself. */
  | 'crashed';

export type MachineEvent =
  | {
      readonly kind: 'exited';
      readonly instanceId: InstanceId;
      readonly generation: number;
      readonly reason: ExitReason;
      readonly detail?: string;
    }
  /** The guest is paused: a disk could not be written or read, or `hold`. It continues with `resumed`. */
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
  /**
   * `paused`: by a full disk or by `hold`, see `StallReporter`. `halted`: the guest has ended and the machine is held, see
   * `Halter`. `unresponsive`: the machine exists and does not answer.
   */
  readonly state: 'running' | 'paused' | 'halted' | 'unresponsive';
}

/** A machine cannot be started now. The message has the arithmetic. Becomes InsufficientInstanceCapacity. */
export class InsufficientCapacityError extends Error {
  override readonly name = 'InsufficientCapacityError';
}

/** Virtual machines that outlive the control plane. */
export interface ComputeDriver {
  /** Resolves when the machine runs. Starting a machine that runs in this generation is a no-op. */
  start(spec: MachineSpec): Promise<void>;
  /** Presses the power button and returns; an `exited` event reports the end. No machine: no-op. */
  pressPowerButton(instanceId: InstanceId): Promise<void>;
  /**
   * Ends the machine at once and resolves when it has ended. No machine: no-op, but that a fork which has not begun loses its
   * memory, and does not start.
   */
  kill(instanceId: InstanceId): Promise<void>;
  /** The machine of one instance; undefined when it has none. Asks this machine and no other. */
  find(instanceId: InstanceId): Promise<MachineStatus | undefined>;
  /**
   * Every machine that exists, also those of an earlier control plane. A machine that does not answer in a short
   * time is reported as it was last known, so it delays nobody.
   */
  list(): Promise<readonly MachineStatus[]>;
  /** Receives events from now on, also of machines that were found again. Returns how to stop. */
  watch(listener: (event: MachineEvent) => void): () => void;
  /** Begins to find machines and their events again. Call it once, after `watch`. */
  adopt(): Promise<void>;
}

/** Memory of a guest in a file, for other machines to go on from. */
export interface MemoryOnDisk {
  /** The template's, or the fork's that it is for. */
  readonly instanceId: InstanceId;
  /** What it takes of its file system. */
  readonly bytes: number;
}

/** Capability: what a driver keeps of machines that have ended, for example their consoles. */
export interface MachineKeeper {
  /** Every instance of which something is kept, whether its machine runs or not. */
  kept(): Promise<readonly InstanceId[]>;
  /** The memory that `MemoryKeeper` and `GuestForker` keep, and what they have written so far of more. */
  keptMemory(): Promise<readonly MemoryOnDisk[]>;
  /** Removes what is kept. Rejects while the machine runs. Nothing kept: no-op. */
  forget(instanceId: InstanceId): Promise<void>;
}

/** Capability: changing the disks of a running machine. */
export interface DiskHotplug {
  /** Resolves when the guest has been offered the disk. Attaching an attached disk is a no-op. */
  attachDisk(instanceId: InstanceId, disk: MachineDisk): Promise<void>;
  /** Resolves when the guest has released the disk; `force` does not wait for that. Not attached: no-op. */
  detachDisk(instanceId: InstanceId, volumeId: VolumeId, force: boolean): Promise<void>;
}

/** Capability: changing the network cards of a running machine, other than its first. */
export interface NicHotplug {
  /** Resolves when the guest has been offered the card. Attaching an attached card is a no-op. */
  attachNic(instanceId: InstanceId, nic: MachineNic): Promise<void>;
  /**
   * Resolves when the guest has released the card; `force` does not wait for that, and the guest keeps a card without
   * a carrier. Not attached: no-op.
   */
  detachNic(instanceId: InstanceId, nicId: NetworkInterfaceId, force: boolean): Promise<void>;
}

/** Capability: what the guest wrote to its serial port. */
export interface ConsoleReader {
  /** At most the last 64 KiB, across reboots and stops; undefined when there never was a machine. */
  readConsole(
    instanceId: InstanceId,
  ): Promise<{ bytes: Uint8Array; changedAt: number } | undefined>;
}

/** How far the guest's console had come at a time. */
export interface ConsoleArrival {
  readonly at: TimestampMs;
  /** The look before, which found less. */
  readonly since: TimestampMs;
  /** How many bytes there were, counted from the machine's start. */
  readonly bytes: number;
}

/** The last start of a machine, as far as its driver saw it. */
export interface MachineBoot {
  readonly generation: number;
  /** Its process was started. */
  readonly spawnedAt: TimestampMs;
  /** It responded. */
  readonly respondedAt: TimestampMs;
  /** What the guest has written to its serial port since, from the first byte on. Absent when it is no longer kept. */
  readonly console?: Uint8Array;
  /**
   * Looks at the console that found more than the one before, in order. A byte was written after the last look that
   * does not count it, and before the first that does. Empty where nobody looked; ends some minutes after the start.
   */
  readonly arrivals: readonly ConsoleArrival[];
  /** The volumes that it was started with. Absent when that is not known. */
  readonly disks?: readonly StartedDisk[];
  /**
   * What was read of their maps through the block server in the first minutes. Of a volume there is one for each time that
   * the block server opened it; none where it could not be asked.
   */
  readonly reads?: readonly VolumeReads[];
  /** Of a machine that was to go on from kept memory: when it did, or why it booted. */
  readonly memory?:
    | { readonly restoredAt: TimestampMs; readonly forkOf?: InstanceId }
    | { readonly bootedBecause: string };
}

/** A volume that a machine was started with. */
export interface StartedDisk {
  readonly volumeId: VolumeId;
  /** What is behind what was written to it. */
  readonly backing: DiskBacking;
}

/** The most of a boot's console that a driver returns. */
export const bootConsoleBytesMax = 256 * KiB;

/** Capability: how the last start of a machine went. */
export interface BootReporter {
  /** Also of a machine that has ended; undefined when none was started, or it is not known any more. */
  readBoot(instanceId: InstanceId): Promise<MachineBoot | undefined>;
}

/** Capability: a picture of the guest's screen. */
export interface Screenshotter {
  /** A JPEG picture. */
  screenshot(instanceId: InstanceId): Promise<Uint8Array>;
}

/** Capability: a reboot that lets the guest write what it holds. */
export interface Rebooter {
  /**
   * Presses the power button and, when the guest has shut down, boots it again, with no `exited` event. A guest
   * that is not down after `limitMs` is reset; 0 resets it at once. No machine: an error.
   */
  reboot(
    instanceId: InstanceId,
    options: { readonly limitMs: number; readonly signal: AbortSignal },
  ): Promise<void>;
}

/** Capability: ending a guest while its disks are still being read through its machine. */
export interface Halter {
  /**
   * From now on, when its guest shuts down, the machine stays `halted` with its disks open until `kill`. With
   * `now` the guest is stopped at once. Repeatable. No machine: no-op.
   */
  halt(instanceId: InstanceId, options: { readonly now: boolean }): Promise<void>;
}

/** Capability: which guests are paused because a disk of theirs has no room, or by `hold`. */
export interface StallReporter {
  /** Why each of them is paused, with the way out. A guest that continues or ends is no longer listed. */
  stalled(): Promise<ReadonlyMap<InstanceId, string>>;
}

/** Capability: pausing a guest, so that it uses up no more of what others need. */
export interface GuestHolder {
  /**
   * Pauses the guest until `release`, whichever control plane is there by then; a reboot does not end it. `stalled` has
   * the reason. Returns whether the guest is held: one that does not run or respond is left as it is. Rejects when a
   * machine does not respond in time. Quick, also for a machine that hangs.
   */
  hold(instanceId: InstanceId, reason: string): Promise<boolean>;
  /**
   * Lets the guest go on. Returns whether it is held no longer; rejects when its machine does not respond in time. Quick,
   * too. Not held: no-op.
   */
  release(instanceId: InstanceId): Promise<boolean>;
  /** The guests that are held, in the order in which they were paused. */
  held(): Promise<readonly InstanceId[]>;
  /** The files of each machine that exists: its disks, consoles, logs. */
  diskUse(): Promise<ReadonlyMap<InstanceId, readonly MachineFile[]>>;
}

/** A file that a guest can make larger. */
export interface MachineFile {
  /** `st_dev` and `st_ino` of stat(2): together they name the file as long as it exists. */
  readonly device: number;
  readonly inode: number;
  /** What it takes of its file system. */
  readonly bytes: number;
  /** The platform copies into it now, so it also grows without the guest. */
  readonly isBeingFilled?: boolean;
}

export interface Capacity {
  /** How many machines could be started now; at most the number asked for. */
  readonly count: number;
  /** Why not more, with the arithmetic. */
  readonly shortage?: string;
}

/** Capability: room for machines, as far as it is known before they start. */
export interface CapacityReporter {
  capacityFor(memoryMiB: number, count: number): Promise<Capacity>;
}

/** What an API may ask of machines: it sees them and changes nothing. */
export type MachineLook = Pick<ComputeDriver, 'list'> &
  ConsoleReader &
  Screenshotter &
  StallReporter &
  CapacityReporter;

export type Compute = ComputeDriver &
  MachineKeeper &
  DiskHotplug &
  NicHotplug &
  ConsoleReader &
  BootReporter &
  Screenshotter &
  Rebooter &
  Halter &
  StallReporter &
  GuestHolder &
  CapacityReporter &
  MemoryKeeper &
  GuestForker;
