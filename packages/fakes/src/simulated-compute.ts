import {
  type Capacity,
  type Compute,
  type ExitReason,
  type InstanceId,
  InsufficientCapacityError,
  type MachineBoot,
  type MachineDisk,
  type MachineEvent,
  type MachineFile,
  type MachineNic,
  type MachineSpec,
  type MachineStatus,
  MemoryNotKeptError,
  type MemoryOnDisk,
  type NetworkPort,
  type VolumeId,
} from '@bakehouse/domain';
import { blankJpeg } from './blank-jpeg.ts';
import { SimulatedConsoles } from './simulated-console.ts';
import { type ForkingOptions, forkerOver, SimulatedForking } from './simulated-forking.ts';
import {
  capacityWithin,
  checkResponds,
  filesAmong,
  hasProcess,
  inHoldOrder,
  type MachineEventBody,
  memoryAmong,
  memoryOutcome,
  openDisks,
  type SimulatedMachine,
  type SimulatedRoom,
  stalledAmong,
  usesVolume,
} from './simulated-machine.ts';

export interface SimulatedComputeOptions extends ForkingOptions {
  /** Machines that are there already: `machines()` of an earlier simulation. */
  readonly machines?: readonly SimulatedMachine[];
  /** Refuses machines beyond it; without it there is room for any number. */
  readonly memoryMiB?: number;
  /** Throws for a disk that could not be opened. */
  readonly checkDisk?: (volumeId: VolumeId) => void;
  /** Called for each disk of a machine that ended; `orderly`: QEMU closed it, as it does after a shutdown. */
  readonly diskClosed?: (volumeId: VolumeId, how: { readonly orderly: boolean }) => void;
}

const firstPid = 1_000;

/** `Compute` whose machines start, stop and obey at once, and compute nothing. */
export class SimulatedCompute implements Compute {
  readonly forking: SimulatedForking;
  readonly #options: SimulatedComputeOptions;
  readonly #machines = new Map<InstanceId, SimulatedMachine>();
  readonly #consoles = new SimulatedConsoles();
  readonly #listeners = new Set<(event: MachineEvent) => void>();
  #needsCards = false;
  /** Guests that do not obey the power button. */
  readonly #deaf = new Set<InstanceId>();
  /** Disks and network ports of machines that run. */
  readonly #users = new Map<VolumeId, InstanceId>();
  readonly #ports = new Set<NetworkPort>();
  /** What the files of each machine take. */
  readonly #diskUse = new Map<InstanceId, number>();
  readonly #limitMiB: number;
  #usedMiB = 0;
  #nextPid = firstPid;

  constructor(options: SimulatedComputeOptions) {
    this.#options = options;
    this.#limitMiB = options.memoryMiB ?? Number.POSITIVE_INFINITY;
    this.forking = new SimulatedForking(options, {
      running: (id) => this.#running(id),
      set: (machine) => this.#set(machine),
      checkFree: (volumeId, id) => this.#checkFree(volumeId, id),
      forget: (id) => this.forget(id),
    });
    for (const machine of options.machines ?? []) {
      this.#set(machine);
      this.#nextPid = Math.max(this.#nextPid, machine.pid + 1);
    }
  }

  async start(spec: MachineSpec): Promise<void> {
    const before = this.#running(spec.instanceId);
    if (before?.spec.generation === spec.generation) return;
    if (before && before.spec.generation > spec.generation) {
      throw new Error(`${spec.instanceId} runs in generation ${before.spec.generation} already`);
    }
    this.exit(spec.instanceId, 'killed');
    const { shortage } = capacityWithin(this.#room, spec.memoryMiB, 1);
    if (shortage !== undefined) throw new InsufficientCapacityError(shortage);
    for (const { volumeId } of spec.disks) this.#checkFree(volumeId, spec.instanceId);
    const pid = this.#nextPid++;
    const startedAt = this.#options.clock.now();
    const { disks, nics } = spec;
    const memory = memoryOutcome(spec, (id) => this.#machines.get(id), startedAt);
    this.#set({ spec, pid, state: 'running', disks, nics, boots: 1, startedAt, ...memory });
    this.#consoles.of(spec.instanceId).beginBoot();
    this.writeConsole(spec.instanceId, `simulated ${spec.instanceType}: there is no guest\r\n`);
  }

  async keepMemory(...[{ instanceId }]: Parameters<Compute['keepMemory']>): Promise<void> {
    if (this.#machines.get(instanceId)?.hasMemory) return;
    const machine = this.#running(instanceId);
    if (!machine) throw new MemoryNotKeptError('its guest ended while it booted');
    if (this.#needsCards) throw new MemoryNotKeptError('its guest did not wait for a network card');
    this.exit(instanceId, 'killed');
    this.#set({ ...machine, state: 'exited', exitReason: 'killed', hasMemory: true });
  }

  async forkRefusal(instanceId: InstanceId): Promise<string | undefined> {
    return this.#running(instanceId) ? undefined : 'its machine does not run';
  }

  fork: Compute['fork'] = (...call) => forkerOver(this.forking).fork(...call);

  endFork: Compute['endFork'] = (...call) => forkerOver(this.forking).endFork(...call);

  /** Whether guests do not wait for a network card. */
  needCards(needed: boolean): void {
    this.#needsCards = needed;
  }

  async pressPowerButton(instanceId: InstanceId): Promise<void> {
    const machine = this.#running(instanceId);
    if (machine?.state !== 'running' || this.#deaf.has(instanceId)) return;
    if (machine.staysHalted) this.#set({ ...machine, state: 'halted' });
    else this.exit(instanceId, 'guest-shutdown');
  }

  async halt(instanceId: InstanceId, { now }: { readonly now: boolean }): Promise<void> {
    const machine = this.#running(instanceId);
    if (!machine) return;
    if (!now) return this.#set({ ...machine, staysHalted: true });
    const { stalledBy: _, holdNumber: __, ...rest } = machine;
    this.#set({ ...rest, state: 'halted', staysHalted: true });
  }

  async kill(instanceId: InstanceId): Promise<void> {
    this.exit(instanceId, 'killed');
  }

  /** Without waiting for a shutdown: a guest that does nothing has nothing to write. */
  async reboot(instanceId: InstanceId): Promise<void> {
    const machine = this.#mustRun(instanceId);
    this.#set({ ...machine, boots: machine.boots + 1 });
    this.#emit(machine, { kind: 'rebooted' });
  }

  async kept(): Promise<readonly InstanceId[]> {
    return [...this.#machines.keys()];
  }

  async keptMemory(): Promise<readonly MemoryOnDisk[]> {
    return memoryAmong(this.machines());
  }

  async capacityFor(memoryMiB: number, count: number): Promise<Capacity> {
    return capacityWithin(this.#room, memoryMiB, count);
  }

  async find(instanceId: InstanceId): Promise<MachineStatus | undefined> {
    const machine = this.#machines.get(instanceId);
    if (machine === undefined || machine.state === 'exited') return undefined;
    const { spec, state } = machine;
    return { instanceId: spec.instanceId, generation: spec.generation, state };
  }

  async list(): Promise<readonly MachineStatus[]> {
    const found = await Promise.all([...this.#machines.keys()].map((id) => this.find(id)));
    return found.filter((status) => status !== undefined);
  }

  async stalled(): Promise<ReadonlyMap<InstanceId, string>> {
    return stalledAmong(this.machines());
  }

  async hold(instanceId: InstanceId, reason: string): Promise<boolean> {
    const machine = this.#running(instanceId);
    if (machine?.holdNumber !== undefined) return true;
    checkResponds(machine);
    if (machine?.state !== 'running') return false;
    const holdNumber = 1 + (inHoldOrder(this.machines()).at(-1)?.holdNumber ?? 0);
    this.#set({ ...machine, state: 'paused', stalledBy: reason, holdNumber });
    this.#emit(machine, { kind: 'paused', reason });
    return true;
  }

  async release(instanceId: InstanceId): Promise<boolean> {
    const machine = this.#running(instanceId);
    if (machine?.holdNumber === undefined) return true;
    checkResponds(machine);
    if (machine.isGivenUp || machine.fork?.isStopped) return false;
    this.resume(instanceId);
    return true;
  }

  async held(): Promise<readonly InstanceId[]> {
    return inHoldOrder(this.machines()).map(({ spec }) => spec.instanceId);
  }

  async diskUse(): Promise<ReadonlyMap<InstanceId, readonly MachineFile[]>> {
    return filesAmong(this.machines(), this.#diskUse);
  }

  async forget(instanceId: InstanceId): Promise<void> {
    if (this.#running(instanceId)) throw new Error(`${instanceId} runs and cannot be forgotten`);
    this.#machines.delete(instanceId);
    this.#consoles.delete(instanceId);
    this.#deaf.delete(instanceId);
    this.#diskUse.delete(instanceId);
  }

  watch(listener: (event: MachineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reports again, at each start of a control plane, how machines that are not forgotten have ended. */
  async adopt(): Promise<void> {
    for (const machine of this.#machines.values()) {
      const { exitReason: reason } = machine;
      if (machine.state === 'exited' && reason) this.#emit(machine, { kind: 'exited', reason });
    }
  }

  async attachDisk(instanceId: InstanceId, disk: MachineDisk): Promise<void> {
    const machine = this.#mustRun(instanceId);
    if (usesVolume(machine, disk.volumeId)) return;
    this.#checkFree(disk.volumeId, instanceId);
    this.#set({ ...machine, disks: [...machine.disks, disk] });
  }

  async detachDisk(instanceId: InstanceId, volumeId: VolumeId, _force: boolean): Promise<void> {
    const machine = this.#running(instanceId);
    if (!machine) return;
    if (machine.fork?.disks.some((disk) => disk.volumeId === volumeId))
      throw new Error(`${volumeId} is being copied and cannot be detached`);
    this.#set({ ...machine, disks: machine.disks.filter((disk) => disk.volumeId !== volumeId) });
  }

  async attachNic(instanceId: InstanceId, nic: MachineNic): Promise<void> {
    const machine = this.#mustRun(instanceId);
    if (machine.nics.some(({ nicId }) => nicId === nic.nicId)) return;
    if (this.#ports.has(nic.port)) throw new Error(`${nic.port} is in use`);
    this.#set({ ...machine, nics: [...machine.nics, nic] });
  }

  async detachNic(...[instanceId, nicId]: Parameters<Compute['detachNic']>): Promise<void> {
    const machine = this.#running(instanceId);
    if (!machine) return;
    this.#set({ ...machine, nics: machine.nics.filter((nic) => nic.nicId !== nicId) });
  }

  async readConsole(
    instanceId: InstanceId,
  ): Promise<{ bytes: Uint8Array; changedAt: number } | undefined> {
    return this.#consoles.get(instanceId)?.read();
  }

  async readBoot(instanceId: InstanceId): Promise<MachineBoot | undefined> {
    const machine = this.#machines.get(instanceId);
    if (!machine) return undefined;
    const { spec, startedAt, memory } = machine;
    const written = this.#consoles.get(instanceId)?.readBoot() ?? { arrivals: [] };
    const times = { spawnedAt: startedAt, respondedAt: startedAt, ...(memory ? { memory } : {}) };
    return { generation: spec.generation, ...times, ...written };
  }

  async screenshot(instanceId: InstanceId): Promise<Uint8Array> {
    this.#mustRun(instanceId);
    return blankJpeg();
  }

  /** All machines, to be handed to the next simulation. */
  machines(): readonly SimulatedMachine[] {
    return [...this.#machines.values()];
  }

  userOf(volumeId: VolumeId): InstanceId | undefined {
    return this.#users.get(volumeId);
  }

  /** Whether a machine that runs is connected to this port. */
  usesPort(port: NetworkPort): boolean {
    return this.#ports.has(port);
  }

  /** The guest's process ends; no machine: no-op. */
  exit(instanceId: InstanceId, reason: ExitReason, detail?: string): void {
    const machine = this.#running(instanceId);
    if (!machine) return;
    const { fork: _, ...ended } = machine;
    this.#set({ ...ended, state: 'exited', exitReason: reason });
    const orderly = reason === 'guest-shutdown';
    for (const { volumeId } of machine.disks) this.#options.diskClosed?.(volumeId, { orderly });
    this.#emit(machine, { kind: 'exited', reason, ...(detail ? { detail } : {}) });
  }

  /** The guest stops because a disk cannot be written, until `resume`. */
  pause(instanceId: InstanceId, reason: string): void {
    const machine = this.#mustRun(instanceId);
    this.#set({ ...machine, state: 'paused', stalledBy: reason });
    this.#emit(machine, { kind: 'paused', reason });
  }

  resume(instanceId: InstanceId): void {
    const { stalledBy: _, holdNumber: __, ...machine } = this.#mustRun(instanceId);
    this.#set({ ...machine, state: 'running' });
    this.#emit(machine, { kind: 'resumed' });
  }

  /** The guest writes so many bytes to where its disk had none; with a negative number it gives them back. */
  grow(instanceId: InstanceId, bytes: number): void {
    if (this.#running(instanceId)?.state !== 'running') return;
    this.#diskUse.set(instanceId, Math.max(0, (this.#diskUse.get(instanceId) ?? 0) + bytes));
  }

  /** What all machines have written, those that have ended included. */
  get diskUseBytes(): number {
    return [...this.#diskUse.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The machine exists and does not respond, until it is killed. `isGivenUp`: that is known already. */
  hang(instanceId: InstanceId, { isGivenUp = false } = {}): void {
    this.#set({ ...this.#mustRun(instanceId), state: 'unresponsive', isGivenUp });
  }

  ignorePowerButton(instanceId: InstanceId): void {
    this.#deaf.add(instanceId);
  }

  writeConsole(instanceId: InstanceId, text: string): void {
    this.#consoles.of(instanceId).write(text, this.#options.clock.now());
  }

  get #room(): SimulatedRoom {
    return { usedMiB: this.#usedMiB, limitMiB: this.#limitMiB };
  }

  #checkFree(volumeId: VolumeId, instanceId: InstanceId): void {
    const user = this.userOf(volumeId);
    if (user !== undefined && user !== instanceId) {
      throw new Error(`${volumeId} is in use by ${user} and cannot be opened by ${instanceId}`);
    }
    this.#options.checkDisk?.(volumeId);
  }

  #running(instanceId: InstanceId): SimulatedMachine | undefined {
    const machine = this.#machines.get(instanceId);
    return machine && hasProcess(machine) ? machine : undefined;
  }

  #mustRun(instanceId: InstanceId): SimulatedMachine {
    const machine = this.#running(instanceId);
    if (!machine) throw new Error(`${instanceId} has no machine that runs`);
    return machine;
  }

  #set(machine: SimulatedMachine): void {
    const before = this.#machines.get(machine.spec.instanceId);
    if (before && hasProcess(before)) this.#release(before);
    if (hasProcess(machine)) this.#claim(machine);
    this.#machines.set(machine.spec.instanceId, machine);
  }

  #claim(machine: SimulatedMachine): void {
    this.#usedMiB += machine.spec.memoryMiB;
    for (const { port } of machine.nics) this.#ports.add(port);
    for (const volumeId of openDisks(machine)) this.#users.set(volumeId, machine.spec.instanceId);
  }

  #release(machine: SimulatedMachine): void {
    this.#usedMiB -= machine.spec.memoryMiB;
    for (const { port } of machine.nics) this.#ports.delete(port);
    for (const volumeId of openDisks(machine)) this.#users.delete(volumeId);
  }

  /** Later than the call that caused it, as an event from another process is. */
  #emit({ spec }: SimulatedMachine, what: MachineEventBody): void {
    const { instanceId, generation } = spec;
    const event: MachineEvent = { instanceId, generation, ...what };
    queueMicrotask(() => {
      for (const listener of [...this.#listeners]) listener(event);
    });
  }
}
