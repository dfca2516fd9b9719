import { rm } from 'node:fs/promises';
import { KeyedLock } from '@bakehouse/base';
import type {
  Capacity,
  Compute,
  InstanceId,
  MachineDisk,
  MachineEvent,
  MachineSpec,
  MachineStatus,
  VolumeId,
} from '@bakehouse/domain';
import type { QmpClient } from '@bakehouse/qmp';
import { MachineGoneError, MachineStartError } from './compute-errors.ts';
import type { ComputeLimits } from './compute-limits.ts';
import { concludeMachine } from './conclude-machine.ts';
import { readConsoleLog } from './console-log.ts';
import type { QemuComputeOptions } from './create-qemu-compute.ts';
import { plugDisk, unplugDisk } from './disk-hotplug.ts';
import { endMachine } from './end-machine.ts';
import { listMachineFolders, machineFolder } from './machine-files.ts';
import { MachineLauncher } from './machine-launcher.ts';
import { findMachineProcess } from './machine-process.ts';
import { type MachineRecord, readMachineRecord } from './machine-record.ts';
import { MachineSession } from './machine-session.ts';
import { rebootMachine } from './reboot-machine.ts';
import { takeScreenshot } from './screenshot.ts';

type Options = QemuComputeOptions & { readonly limits: ComputeLimits };

/** See createQemuCompute. */
export class QemuCompute implements Compute {
  readonly #options: Options;
  readonly #launcher: MachineLauncher;
  readonly #lock = new KeyedLock();
  readonly #listeners = new Set<(event: MachineEvent) => void>();
  readonly #sessions = new Map<InstanceId, MachineSession>();

  constructor(options: Options) {
    this.#options = options;
    this.#launcher = new MachineLauncher(options);
  }

  start(spec: MachineSpec): Promise<void> {
    return this.#lock.run([`life ${spec.instanceId}`], () => this.#start(spec));
  }

  async pressPowerButton(instanceId: InstanceId): Promise<void> {
    const session = await this.#session(instanceId);
    if (session) await (await session.client()).execute('system_powerdown');
  }

  kill(instanceId: InstanceId): Promise<void> {
    return this.#lock.run([`life ${instanceId}`], async () => {
      const session = await this.#session(instanceId);
      if (session) await endMachine(session, this.#options);
    });
  }

  async reset(instanceId: InstanceId): Promise<void> {
    const client = await this.#runningClient(instanceId);
    await client.execute('system_reset');
  }

  async reboot(
    instanceId: InstanceId,
    { limitMs, signal }: { limitMs: number; signal: AbortSignal },
  ): Promise<void> {
    const client = await this.#runningClient(instanceId);
    const { clock, limits } = this.#options;
    const folder = this.#folder(instanceId);
    const { powerButtonMs: pressEveryMs, rebootPollMs: pollMs } = limits;
    await rebootMachine(client, { clock, folder, limitMs, pressEveryMs, pollMs, signal });
  }

  async halt(instanceId: InstanceId, { now }: { readonly now: boolean }): Promise<void> {
    const session = await this.#session(instanceId);
    if (!session) return;
    const client = await session.client();
    await client.execute('set-action', { shutdown: 'pause' });
    if (now) await client.execute('stop');
  }

  capacityFor(memoryMiB: number, count: number): Promise<Capacity> {
    return this.#launcher.capacityFor(memoryMiB, count, () => [...this.#sessions.values()]);
  }

  async list(): Promise<readonly MachineStatus[]> {
    const ids = await listMachineFolders(this.#options.directory);
    const statuses = await Promise.all(
      ids.map(async (instanceId) => (await this.#session(instanceId))?.status()),
    );
    return statuses.filter((status) => status !== undefined);
  }

  async stalled(): Promise<ReadonlyMap<InstanceId, string>> {
    return new Map(
      [...this.#sessions].flatMap(([instanceId, { stalledBy }]) =>
        stalledBy === undefined ? [] : [[instanceId, stalledBy]],
      ),
    );
  }

  forget(instanceId: InstanceId): Promise<void> {
    return this.#lock.run([`life ${instanceId}`], async () => {
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
      await this.#lock.run([`life ${instanceId}`], async () => {
        if (await this.#session(instanceId)) return;
        const folder = this.#folder(instanceId);
        const record = await readMachineRecord(folder, instanceId);
        if (record) this.#emit(await concludeMachine(folder, record));
      });
    }
  }

  attachDisk(instanceId: InstanceId, { volumeId }: MachineDisk): Promise<void> {
    return this.#lock.run([`disks ${instanceId}`], async () => {
      const client = await this.#runningClient(instanceId);
      await plugDisk(client, volumeId, await this.#options.volumeDisks(volumeId));
    });
  }

  detachDisk(instanceId: InstanceId, volumeId: VolumeId, force: boolean): Promise<void> {
    const { clock, limits } = this.#options;
    return this.#lock.run([`disks ${instanceId}`], async () => {
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
    return this.#lock.run([`screen ${instanceId}`], async () =>
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
    if (session) await endMachine(session, this.#options);
    const running = () => [...this.#sessions.values()];
    await this.#launcher.launch(spec, running, (machine) => this.#follow(machine));
  }

  /** The machine's session; one is opened for a machine that runs and has none yet. */
  async #session(instanceId: InstanceId): Promise<MachineSession | undefined> {
    const known = this.#sessions.get(instanceId);
    // The monitor of a machine that is being started belongs to its start.
    if (known || this.#launcher.isStarting(instanceId)) return known;
    const folder = this.#folder(instanceId);
    const pid = await findMachineProcess(folder);
    if (pid === undefined) return undefined;
    const record = await readMachineRecord(folder, instanceId);
    if (this.#launcher.isStarting(instanceId)) return undefined;
    const unknown = { instanceId, generation: 0, claimBytes: 0 };
    return this.#sessions.get(instanceId) ?? this.#follow({ pid, record: record ?? unknown });
  }

  #follow(machine: { pid: number; record: MachineRecord; client?: QmpClient }): MachineSession {
    const { pid, record, client } = machine;
    const { instanceId, generation } = record;
    const { clock, limits } = this.#options;
    const session = new MachineSession(
      {
        folder: this.#folder(instanceId),
        pid,
        record,
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
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#options.logger.log('error', 'a listener failed', { event, error: `${error}` });
      }
    }
  }
}
