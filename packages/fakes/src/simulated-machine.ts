import { MiB } from '@bakehouse/base';
import type {
  Capacity,
  ExitReason,
  ForkedMachine,
  InstanceId,
  MachineBoot,
  MachineDisk,
  MachineEvent,
  MachineFile,
  MachineNic,
  MachineSpec,
  MemoryOnDisk,
  VolumeId,
} from '@bakehouse/domain';

/** The memory of another machine, which is good for a machine with these disks. */
export interface ForkMemory {
  readonly disks: readonly VolumeId[];
  readonly isWhole: boolean;
}

/** What a fork has open in the machine. */
interface OpenFork {
  readonly disks: ForkedMachine['disks'];
  /** The guest does not run until the fork ends. */
  readonly isStopped?: true;
}

/** One machine as the outside world has it; plain data, so that it can be kept and handed on. */
export interface SimulatedMachine {
  readonly spec: MachineSpec;
  readonly pid: number;
  readonly state: 'running' | 'paused' | 'halted' | 'unresponsive' | 'exited';
  /** It stays when its guest shuts down. */
  readonly staysHalted?: boolean;
  /** Those of the spec, and what was attached and detached since. */
  readonly disks: readonly MachineDisk[];
  readonly nics: readonly MachineNic[];
  readonly boots: number;
  readonly startedAt: number;
  readonly exitReason?: ExitReason;
  /** Its guest's memory was kept. */
  readonly hasMemory?: true;
  /** It has not begun, and is to go on where the machine was that it is a fork of. */
  readonly forkMemory?: ForkMemory;
  /** It is being forked, or was and nobody has ended that. */
  readonly fork?: OpenFork;
  /** What became of the wish to go on from kept memory. */
  readonly memory?: MachineBoot['memory'];
  /** Why it is paused. */
  readonly stalledBy?: string;
  /** It did not respond before, so nobody waits for it: a hold or a release does nothing, at once. */
  readonly isGivenUp?: boolean;
  /** Which hold it was, counted from the first: it is paused until it is released. */
  readonly holdNumber?: number;
}

/** The memory of all machines. */
export interface SimulatedRoom {
  readonly usedMiB: number;
  readonly limitMiB: number;
}

/** How many machines of this memory there is room for, at most `count`. */
export function capacityWithin(
  { usedMiB, limitMiB }: SimulatedRoom,
  memoryMiB: number,
  count: number,
): Capacity {
  const room = Math.floor((limitMiB - usedMiB) / memoryMiB);
  if (room >= count) return { count };
  const shortage = `${memoryMiB} MiB asked for, ${usedMiB} of ${limitMiB} MiB in use`;
  return { count: Math.max(0, room), shortage };
}

/** The only file system of simulated guests. */
export const guestDevice = 1;

/** Each machine has one file, of the size that `sizes` has. */
export const filesAmong = (
  machines: readonly SimulatedMachine[],
  sizes: ReadonlyMap<InstanceId, number>,
): ReadonlyMap<InstanceId, readonly MachineFile[]> =>
  new Map(
    machines
      .filter(hasProcess)
      .map(({ spec: { instanceId: id }, pid: inode }) => [
        id,
        [{ device: guestDevice, inode, bytes: sizes.get(id) ?? 0 }],
      ]),
  );

/** What is kept of a guest's memory takes as much as the guest has. */
const memoryBytesOf = ({ memoryMiB }: MachineSpec): number => memoryMiB * MiB;

/** The memory that is kept of them, or for them. */
export const memoryAmong = (machines: readonly SimulatedMachine[]): readonly MemoryOnDisk[] =>
  machines
    .filter(({ hasMemory, forkMemory }) => hasMemory || forkMemory?.isWhole)
    .map(({ spec }) => ({ instanceId: spec.instanceId, bytes: memoryBytesOf(spec) }));

/** Why those that are paused are. */
export const stalledAmong = (
  machines: readonly SimulatedMachine[],
): ReadonlyMap<InstanceId, string> =>
  new Map(
    machines.flatMap(({ spec, state, stalledBy }) =>
      state === 'paused' && stalledBy !== undefined ? [[spec.instanceId, stalledBy]] : [],
    ),
  );

export function hasProcess(machine: SimulatedMachine): boolean {
  return machine.state !== 'exited';
}

/** Those that are held, in the order in which they were paused. */
export function inHoldOrder(machines: readonly SimulatedMachine[]): readonly SimulatedMachine[] {
  return machines
    .filter((each) => hasProcess(each) && each.holdNumber !== undefined)
    .toSorted((a, b) => (a.holdNumber ?? 0) - (b.holdNumber ?? 0));
}

export function checkResponds(machine: SimulatedMachine | undefined): void {
  if (machine?.state !== 'unresponsive' || machine.isGivenUp) return;
  throw new Error(`${machine.spec.instanceId} does not respond`);
}

type WithoutMachine<Event> = Event extends MachineEvent
  ? Omit<Event, 'instanceId' | 'generation'>
  : never;
/** An event without what names its machine. */
export type MachineEventBody = WithoutMachine<MachineEvent>;

export function usesVolume(machine: SimulatedMachine, volumeId: VolumeId): boolean {
  return hasProcess(machine) && machine.disks.some((disk) => disk.volumeId === volumeId);
}

/** Also those that it copies. */
export const openDisks = ({ disks, fork }: SimulatedMachine): readonly VolumeId[] => [
  ...disks.map(({ volumeId }) => volumeId),
  ...(fork?.disks ?? []).map(({ copyId }) => copyId),
];

/** A fork that is to begin where this machine is. */
export function forkedMachine(
  { spec, pid, boots, startedAt }: SimulatedMachine,
  { instanceId, disks }: ForkedMachine,
  { isWhole }: Pick<ForkMemory, 'isWhole'>,
): SimulatedMachine {
  const empty = { disks: [], nics: [], state: 'exited' } as const;
  const forkMemory = { disks: disks.map(({ copyId }) => copyId), isWhole };
  return { ...empty, pid, boots, startedAt, spec: { ...spec, instanceId }, forkMemory };
}

/**
 * What becomes of the wish of a machine to go on from the memory of another; nothing where it has none. Whose guest has
 * begun boots: its disk is not the template's any more.
 */
export function memoryOutcome(
  { instanceId, memoryOf, forkOf, memoryMiB, disks }: MachineSpec,
  find: (instanceId: InstanceId) => SimulatedMachine | undefined,
  now: number,
): Pick<SimulatedMachine, 'memory'> {
  if (forkOf !== undefined) {
    const kept = find(instanceId)?.forkMemory;
    if (!kept?.isWhole) throw new Error(`the memory of the fork ${instanceId} is gone`);
    const isOfThese = disks.map(({ volumeId }) => volumeId).join() === kept.disks.join();
    if (!isOfThese) throw new Error(`the memory of the fork ${instanceId} is of other disks`);
    return { memory: { restoredAt: now, forkOf } };
  }
  if (memoryOf === undefined) return {};
  const before = find(instanceId)?.memory;
  if (before && 'bootedBecause' in before) return { memory: before };
  if (before) return { memory: { bootedBecause: 'it has gone on from the template before' } };
  const kept = find(memoryOf);
  if (!kept?.hasMemory) return { memory: { bootedBecause: 'the template no longer exists' } };
  if (kept.spec.memoryMiB === memoryMiB) return { memory: { restoredAt: now } };
  return { memory: { bootedBecause: `the template has ${kept.spec.memoryMiB} MiB of memory` } };
}
