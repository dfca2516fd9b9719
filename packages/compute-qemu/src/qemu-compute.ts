import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Compute,
  InstanceId,
  MachineDisk,
  MachineEvent,
  MachineSpec,
  MachineStatus,
  VolumeId,
} from '@bakehouse/domain';
import { awaitMonitor } from './await-monitor.ts';
import { MachineGoneError, MachineStartError } from './compute-errors.ts';
import type { ComputeLimits } from './compute-limits.ts';
import { concludeMachine, removeEphemeralDisks } from './conclude-machine.ts';
import { boundConsoleLog, readConsoleLog } from './console-log.ts';
import type { QemuComputeOptions } from './create-qemu-compute.ts';
import { plugDisk, unplugDisk } from './disk-hotplug.ts';
import { hostMemoryAvailable } from './host-memory.ts';
import { KeyedLock } from './keyed-lock.ts';
import {
  ephemeralDiskName,
  listMachineFolders,
  machineFileNames,
  machineFolder,
} from './machine-files.ts';
import { findMachineProcess, killProcess, residentBytes, untilGone } from './machine-process.ts';
import {
  markKilled,
  readMachineRecord,
  removeMachineRecord,
  writeMachineRecord,
} from './machine-record.ts';
import { MachineSession } from './machine-session.ts';
import { checkMemory, memoryClaimBytes } from './memory-claim.ts';
import { qemuArgv } from './qemu-argv.ts';
import { takeScreenshot } from './screenshot.ts';
import { spawnMachine } from './spawn-machine.ts';

type Options = QemuComputeOptions & { readonly limits: ComputeLimits };

/** See createQemuCompute. */
export class QemuCompute implements Compute {
  readonly #options: Options;
  readonly #lock = new KeyedLock();
  readonly #listeners = new Set<(event: MachineEvent) => void>();
  readonly #sessions = new Map<InstanceId, MachineSession>();
  /** Claims, in bytes, of machines between the check of memory and their start. */
  readonly #starting = new Map<InstanceId, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  start(spec: MachineSpec): Promise<void> {
    return this.#lock.run(`life ${spec.instanceId}`, () => this.#start(spec));
  }

  async pressPowerButton(instanceId: InstanceId): Promise<void> {
    const session = await this.#session(instanceId);
    if (session) await (await session.client()).execute('system_powerdown');
  }

  kill(instanceId: InstanceId): Promise<void> {
    return this.#lock.run(`life ${instanceId}`, () => this.#end(instanceId));
  }

  async reset(instanceId: InstanceId): Promise<void> {
    const client = await this.#runningClient(instanceId);
    await client.execute('system_reset');
  }

  async list(): Promise<readonly MachineStatus[]> {
    const ids = await listMachineFolders(this.#options.directory);
    const statuses = await Promise.all(
      ids.map(async (instanceId) => (await this.#session(instanceId))?.status()),
    );
    return statuses.filter((status) => status !== undefined);
  }

  forget(instanceId: InstanceId): Promise<void> {
    return this.#lock.run(`life ${instanceId}`, async () => {
      const folder = this.#folder(instanceId);
      const pid = await findMachineProcess(folder);
      if (pid !== undefined)
        throw new Error(`the machine of ${instanceId} runs, as process ${pid}`);
      await this.#sessions.get(instanceId)?.ended;
      await rm(folder, { recursive: true, force: true });
    });
  }

  watch(listener: (event: MachineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async adopt(): Promise<void> {
    const { directory } = this.#options;
    for (const instanceId of await listMachineFolders(directory)) {
      await this.#lock.run(`life ${instanceId}`, async () => {
        if (await this.#session(instanceId)) return;
        const folder = this.#folder(instanceId);
        const record = await readMachineRecord(folder, instanceId);
        if (record) this.#emit(await concludeMachine(folder, record));
      });
    }
  }

  attachDisk(instanceId: InstanceId, { volumeId }: MachineDisk): Promise<void> {
    return this.#lock.run(`disks ${instanceId}`, async () => {
      const client = await this.#runningClient(instanceId);
      await plugDisk(client, volumeId, await this.#options.volumeDisks(volumeId));
    });
  }

  detachDisk(instanceId: InstanceId, volumeId: VolumeId, force: boolean): Promise<void> {
    const { clock, limits } = this.#options;
    return this.#lock.run(`disks ${instanceId}`, async () => {
      const session = await this.#session(instanceId);
      if (!session) return;
      const timeoutMs = force ? limits.forcedUnplugMs : limits.unplugMs;
      const retryMs = limits.unplugRetryMs;
      await unplugDisk(await session.client(), { volumeId, clock, timeoutMs, retryMs, force });
    });
  }

  readConsole(
    instanceId: InstanceId,
  ): Promise<{ bytes: Uint8Array; changedAt: number } | undefined> {
    return readConsoleLog(this.#folder(instanceId));
  }

  screenshot(instanceId: InstanceId): Promise<Uint8Array> {
    return this.#lock.run(`screen ${instanceId}`, async () =>
      takeScreenshot(await this.#runningClient(instanceId), this.#folder(instanceId)),
    );
  }

  async #start(spec: MachineSpec): Promise<void> {
    const { instanceId, generation } = spec;
    const session = await this.#session(instanceId);
    if (session && session.record.generation > generation) {
      throw new MachineStartError(
        `${instanceId} runs in generation ${session.record.generation}, asked for is ${generation}`,
      );
    }
    if (session?.record.generation === generation) {
      await session.client();
      return;
    }
    await this.#end(instanceId);
    try {
      await this.#claimMemory(spec);
      await this.#launch(spec);
    } finally {
      this.#starting.delete(instanceId);
    }
  }

  async #launch(spec: MachineSpec): Promise<void> {
    const { accelerator, volumeDisks, enter, clock, limits } = this.#options;
    const folder = this.#folder(spec.instanceId);
    const chains = await Promise.all(spec.disks.map(({ volumeId }) => volumeDisks(volumeId)));
    const argv = [...enter, ...qemuArgv({ spec, accelerator, chains })];
    await this.#prepareFolder(folder, spec);
    await writeMachineRecord(folder, spec, this.#claimOf(spec));
    const machine = await spawnMachine(folder, argv);
    try {
      const client = await awaitMonitor({ folder, machine, clock, timeoutMs: limits.startMs });
      this.#follow(spec.instanceId, {
        pid: machine.pid,
        generation: spec.generation,
        claimBytes: this.#claimOf(spec),
        client,
      });
    } catch (error) {
      killProcess(machine.pid);
      await untilGone(machine.pid, { clock, timeoutMs: limits.goneMs });
      await removeEphemeralDisks(folder);
      await removeMachineRecord(folder);
      throw error;
    }
  }

  async #prepareFolder(folder: string, spec: MachineSpec): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { pid, monitor, disksMonitor, shutdowns, killed } = machineFileNames;
    for (const name of [pid, monitor, disksMonitor, shutdowns, killed]) {
      await rm(join(folder, name), { force: true });
    }
    await boundConsoleLog(folder, this.#options.limits.serialBytesMax);
    await removeEphemeralDisks(folder);
    for (const [index, { sizeBytes }] of spec.ephemeralDisks.entries()) {
      const file = await open(join(folder, ephemeralDiskName(index)), 'wx', 0o600);
      await file.truncate(sizeBytes);
      await file.close();
    }
  }

  /** Ends what runs, at once, and resolves when it is gone and told. */
  async #end(instanceId: InstanceId): Promise<void> {
    const { clock, limits } = this.#options;
    const session = await this.#session(instanceId);
    if (!session) return;
    const { pid, folder, record } = session;
    await markKilled(folder, record.generation);
    const quit = async () => {
      const client = await session.client();
      await client.execute('quit', {}, { timeoutMs: limits.quitMs });
    };
    // Dirty bitmaps are stored only at an orderly end; there is a moment for that, and no more.
    void quit().catch(() => {});
    await untilGone(pid, { clock, timeoutMs: limits.quitMs }).catch(async () => {
      killProcess(pid);
      await untilGone(pid, { clock, timeoutMs: limits.goneMs });
    });
    await session.ended;
  }

  #claimMemory(spec: MachineSpec): Promise<void> {
    return this.#lock.run('memory', async () => {
      const claimBytes = this.#claimOf(spec);
      const running = [...this.#sessions.values()].map(async ({ pid, record }) => ({
        claimBytes: record.claimBytes,
        residentBytes: await residentBytes(pid),
      }));
      const starting = [...this.#starting.values()].map((bytes) => ({
        claimBytes: bytes,
        residentBytes: 0,
      }));
      checkMemory(claimBytes, {
        availableBytes: await hostMemoryAvailable(),
        reserveBytes: this.#options.limits.memoryReserveBytes,
        machines: [...(await Promise.all(running)), ...starting],
      });
      this.#starting.set(spec.instanceId, claimBytes);
    });
  }

  #claimOf({ memoryMiB }: MachineSpec): number {
    return memoryClaimBytes(memoryMiB, this.#options.accelerator);
  }

  /** The machine's session; one is opened for a machine that runs and has none yet. */
  async #session(instanceId: InstanceId): Promise<MachineSession | undefined> {
    const known = this.#sessions.get(instanceId);
    // The monitor of a machine that is being started belongs to its start.
    if (known || this.#starting.has(instanceId)) return known;
    const folder = this.#folder(instanceId);
    const pid = await findMachineProcess(folder);
    if (pid === undefined) return undefined;
    const record = await readMachineRecord(folder, instanceId);
    if (this.#starting.has(instanceId)) return undefined;
    const { generation = 0, claimBytes = 0 } = record ?? {};
    return (
      this.#sessions.get(instanceId) ?? this.#follow(instanceId, { pid, generation, claimBytes })
    );
  }

  #follow(
    instanceId: InstanceId,
    machine: {
      pid: number;
      generation: number;
      claimBytes: number;
      client?: Awaited<ReturnType<typeof awaitMonitor>>;
    },
  ): MachineSession {
    const { clock, limits } = this.#options;
    const { pid, generation, claimBytes, client } = machine;
    const session = new MachineSession(
      {
        folder: this.#folder(instanceId),
        pid,
        record: { instanceId, generation, claimBytes },
        clock,
        limits,
        logger: this.#options.logger.with({ instanceId, generation }),
        emit: (event) => this.#emit(event),
      },
      client,
    );
    this.#sessions.set(instanceId, session);
    void session.ended.then(() => {
      if (this.#sessions.get(instanceId) === session) this.#sessions.delete(instanceId);
    });
    return session;
  }

  async #runningClient(instanceId: InstanceId) {
    const session = await this.#session(instanceId);
    if (!session) throw new MachineGoneError(`no machine of ${instanceId} runs`);
    return session.client();
  }

  #folder(instanceId: InstanceId): string {
    return machineFolder(this.#options.directory, instanceId);
  }

  #emit(event: MachineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
