import type { ExitReason, MachineDisk, MachineNic, MachineSpec, VolumeId } from '@bakehouse/domain';

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
  /** Why it is paused. */
  readonly stalledBy?: string;
  /** It did not respond before, so nobody waits for it: a hold or a release does nothing, at once. */
  readonly isGivenUp?: boolean;
  /** Which hold it was, counted from the first: it is paused until it is released. */
  readonly holdNumber?: number;
}

/** The only file system of simulated guests. */
export const guestDevice = 1;

export function hasProcess(machine: SimulatedMachine): boolean {
  return machine.state !== 'exited';
}

export function usesVolume(machine: SimulatedMachine, volumeId: VolumeId): boolean {
  return hasProcess(machine) && machine.disks.some((disk) => disk.volumeId === volumeId);
}
