import type { Clock } from '@bakehouse/base';
import {
  type Compute,
  type ForkedMachine,
  type ForkResult,
  type GuestForker,
  type InstanceId,
  MemoryNotKeptError,
  type VolumeId,
} from '@bakehouse/domain';
import { forkedMachine, type SimulatedMachine } from './simulated-machine.ts';

export interface ForkingOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Called for each disk of a machine that is forked. */
  readonly copyDisk?: (from: VolumeId, to: VolumeId) => void;
  /** Takes the time in which the memory of a guest that runs is copied. */
  readonly copyMemory?: (signal: AbortSignal) => Promise<void>;
}

/** The machines of a `SimulatedCompute`. */
interface Machines {
  running(instanceId: InstanceId): SimulatedMachine | undefined;
  set(machine: SimulatedMachine): void;
  /** Throws for a disk that another machine has open. */
  checkFree(volumeId: VolumeId, instanceId: InstanceId): void;
  forget(instanceId: InstanceId): Promise<void>;
}

/** What a driver does in the outside to fork a guest, call by call. What is done stays when the driver ends. */
export class SimulatedForking {
  readonly #options: ForkingOptions;
  readonly #machines: Machines;

  constructor(options: ForkingOptions, machines: Machines) {
    this.#options = options;
    this.#machines = machines;
  }

  /** Opens the disks of the first fork in the machine, and a file for the memory. */
  async begin(instanceId: InstanceId, [first]: readonly ForkedMachine[]): Promise<void> {
    const machine = this.#machines.running(instanceId);
    if (machine?.state !== 'running') throw new MemoryNotKeptError('its guest does not run');
    if (!first) throw new RangeError('a fork is of one machine or more');
    for (const { copyId } of first.disks) this.#machines.checkFree(copyId, instanceId);
    this.#machines.set({ ...machine, fork: { disks: first.disks } });
    this.#machines.set(forkedMachine(machine, first, { isWhole: false }));
  }

  /** The guest runs meanwhile. */
  async copy(signal: AbortSignal): Promise<void> {
    await this.#options.copyMemory?.(signal);
  }

  /** The guest stops, and its disks are copied. Returns when that was. */
  async stop(instanceId: InstanceId): Promise<number> {
    const { machine, fork } = this.#forked(instanceId);
    const state = machine.state === 'running' ? 'paused' : machine.state;
    this.#machines.set({ ...machine, state, fork: { ...fork, isStopped: true } });
    for (const { volumeId, copyId } of fork.disks) this.#options.copyDisk?.(volumeId, copyId);
    return this.#options.clock.now();
  }

  async goOn(instanceId: InstanceId): Promise<void> {
    const { machine, fork } = this.#forked(instanceId);
    if (machine.state !== 'paused' || machine.stalledBy !== undefined)
      throw new MemoryNotKeptError('its guest was paused meanwhile');
    this.#machines.set({ ...machine, state: 'running', fork: { disks: fork.disks } });
  }

  /** Ends what a fork has left in the machine, at whatever point it was. */
  async end(instanceId: InstanceId): Promise<void> {
    const machine = this.#machines.running(instanceId);
    if (!machine?.fork) return;
    const { fork, ...rest } = machine;
    const goesOn = fork.isStopped && machine.state === 'paused' && machine.stalledBy === undefined;
    this.#machines.set(goesOn ? { ...rest, state: 'running' } : rest);
  }

  /** Further forks get copies of what the first has. */
  async handOut(instanceId: InstanceId, forks: readonly ForkedMachine[]): Promise<void> {
    const [first, ...others] = forks;
    for (const { volumeId, copyId } of others.flatMap(({ disks }) => disks)) {
      const source = first?.disks.find((disk) => disk.volumeId === volumeId);
      if (source) this.#options.copyDisk?.(source.copyId, copyId);
    }
    const machine = this.#machines.running(instanceId);
    if (!machine) throw new Error(`the machine of ${instanceId} has ended`);
    for (const fork of forks) this.#machines.set(forkedMachine(machine, fork, { isWhole: true }));
  }

  /** Removes the memory that forks have. */
  async forget(forks: readonly ForkedMachine[]): Promise<void> {
    for (const { instanceId } of forks) await this.#machines.forget(instanceId);
  }

  #forked(instanceId: InstanceId) {
    const machine = this.#machines.running(instanceId);
    if (!machine?.fork) throw new MemoryNotKeptError('its machine has ended');
    return { machine, fork: machine.fork };
  }
}

type Forker = Pick<GuestForker, 'fork' | 'endFork'>;

/** The driver's part. With `forking` of a life that ends, it goes no further. */
export const forkerOver = (forking: SimulatedForking): Forker => ({
  async fork({ instanceId }, options): Promise<ForkResult> {
    const { forks, signal } = options;
    signal.throwIfAborted();
    await forking.end(instanceId);
    try {
      const at = await instant(forking, instanceId, options);
      await forking.handOut(instanceId, forks);
      return { at, pauseMs: 0, memoryBytes: 0 };
    } catch (error) {
      await forking.forget(forks);
      throw error;
    }
  },
  async endFork(instanceId, forks) {
    await forking.end(instanceId);
    await forking.forget(forks);
  },
});

async function instant(
  forking: SimulatedForking,
  instanceId: InstanceId,
  { forks, signal }: Parameters<Forker['fork']>[1],
): Promise<number> {
  try {
    await forking.begin(instanceId, forks);
    signal.throwIfAborted();
    await forking.copy(signal);
    const at = await forking.stop(instanceId);
    signal.throwIfAborted();
    await forking.goOn(instanceId);
    return at;
  } finally {
    await forking.end(instanceId);
  }
}

/** The compute, whose guests are forked by another. */
export const withForker = (compute: Compute, forker: Forker): Compute =>
  new Proxy(compute, {
    get: (target, member) => Reflect.get(member in forker ? forker : target, member),
  });
