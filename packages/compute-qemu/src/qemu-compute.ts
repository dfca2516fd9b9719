import { KeyedLock } from '@bakehouse/base';
import type {
  Capacity,
  Compute,
  ForkResult,
  InstanceId,
  MachineBoot,
  MachineDisk,
  MachineEvent,
  MachineFile,
  MachineKeeper,
  MachineNic,
  MachineSpec,
  MachineStatus,
  NetworkInterfaceId,
  VolumeId,
} from '@bakehouse/domain';
import { filesIn } from '@bakehouse/host';
import type { QmpClient } from '@bakehouse/qmp';
import { beginGuest } from './begin-guest.ts';
import { readMachineBoot } from './boot-watch.ts';
import { MachineGoneError, MachineStartError } from './compute-errors.ts';
import type { ComputeContext } from './compute-options.ts';
import { concludeMachine } from './conclude-machine.ts';
import { readConsoleLog } from './console-log.ts';
import { plugDisk, unplugDisk } from './disk-hotplug.ts';
import { DiskUseMeter } from './disk-use-meter.ts';
import { endMachine } from './end-machine.ts';
import { forkRefusal, isKept, keepGuest } from './keep-guest.ts';
import { waitsForCard } from './keep-memory.ts';
import { removeForkMemory } from './kept-memory.ts';
import { listMachineFolders, machineFolder } from './machine-files.ts';
import { MachineForks } from './machine-forks.ts';
import { endMachineGroup } from './machine-group.ts';
import { machineKeeper } from './machine-keeper.ts';
import { type LaunchedMachine, MachineLauncher, type RunningMachine } from './machine-launcher.ts';
import { findMachineProcess } from './machine-process.ts';
import { type MachineRecord, readMachineRecord } from './machine-record.ts';
import { MachineSession } from './machine-session.ts';
import { hasMemoryUse } from './memory-use.ts';
import { plugCard, unplugCard } from './nic-hotplug.ts';
import { rebootMachine } from './reboot-machine.ts';
import { releaseMachine } from './release-machines.ts';
import { takeScreenshot } from './screenshot.ts';

/** See createQemuCompute. */
export class QemuCompute implements Compute {
  readonly #context: ComputeContext;
  readonly #launcher: MachineLauncher;
  readonly #keeper: MachineKeeper;
  readonly #diskUse: DiskUseMeter;
  readonly #lock = new KeyedLock();
  readonly #forks: MachineForks;
  readonly #listeners = new Set<(event: MachineEvent) => void>();
  readonly #sessions = new Map<InstanceId, MachineSession>();
  #isClosed = false;

  constructor(context: ComputeContext) {
    this.#context = context;
    this.#launcher = new MachineLauncher(context);
    this.#forks = new MachineForks(context, this.#lock, (id) => this.#session(id));
    this.#keeper = machineKeeper(context.directory);
    const { disks, logger } = context;
    this.#diskUse = new DiskUseMeter({
      filesOf: async (id) => [...(await filesIn(this.#folder(id))), ...(await disks.files(id))],
      logger,
    });
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
      if (session) await endMachine(session, this.#context);
      // A fork may not have begun, and does not begin any more.
      await removeForkMemory(this.#folder(instanceId));
    });
  }

  async reboot(...[instanceId, wish]: Parameters<Compute['reboot']>): Promise<void> {
    const session = await this.#runningSession(instanceId);
    const { clock, limits } = this.#context;
    const { powerButtonMs: pressEveryMs, rebootPollMs: pollMs } = limits;
    await session.hold.known();
    await rebootMachine(await session.client(), {
      clock,
      folder: this.#folder(instanceId),
      ...wish,
      pressEveryMs,
      pollMs,
      isHeld: () => session.hold.reason !== undefined,
      withoutHolder: (work) => this.#lock.run([`hold ${instanceId}`], work),
    });
  }

  async halt(instanceId: InstanceId, { now }: { readonly now: boolean }): Promise<void> {
    const session = await this.#session(instanceId);
    if (!session) return;
    const client = await session.client();
    await client.execute('set-action', { shutdown: 'pause' });
    if (!now) return;
    await this.#lock.run([`hold ${instanceId}`], () => session.hold.halt(client));
  }

  async hold(instanceId: InstanceId, reason: string): Promise<boolean> {
    const key = `hold ${instanceId}`;
    // Whoever has the lock ends the guest, or waits for a machine that may hang.
    if (this.#lock.isHeld(key)) return false;
    return this.#lock.run([key], async () => {
      const session = await this.#session(instanceId);
      const client = session?.promptClient;
      return client !== undefined && (await session?.hold.begin(client, reason)) === true;
    });
  }

  async release(instanceId: InstanceId): Promise<boolean> {
    const key = `hold ${instanceId}`;
    if (this.#lock.isHeld(key)) return false;
    return this.#lock.run([key], async () => {
      const session = await this.#session(instanceId);
      return session === undefined || (await session.hold.end(session.promptClient));
    });
  }

  async held(): Promise<readonly InstanceId[]> {
    const sessions = [...this.#sessions.values()];
    await Promise.all(sessions.map(({ hold }) => hold.known()));
    return sessions
      .flatMap(({ hold: { since }, record: { instanceId } }) =>
        since === undefined ? [] : [{ instanceId, since }],
      )
      .toSorted((a, b) => a.since - b.since)
      .map(({ instanceId }) => instanceId);
  }

  diskUse(): Promise<ReadonlyMap<InstanceId, readonly MachineFile[]>> {
    return this.#diskUse.look(this.#sessions.keys());
  }

  capacityFor(memoryMiB: number, count: number): Promise<Capacity> {
    return this.#launcher.capacityFor(memoryMiB, count, () => this.#running());
  }

  async find(instanceId: InstanceId): Promise<MachineStatus | undefined> {
    return (await this.#session(instanceId))?.status();
  }

  async list(): Promise<readonly MachineStatus[]> {
    const ids = await listMachineFolders(this.#context.directory);
    const statuses = await Promise.all(ids.map((instanceId) => this.find(instanceId)));
    return statuses.filter((status) => status !== undefined);
  }

  async stalled(): Promise<ReadonlyMap<InstanceId, string>> {
    return new Map(
      [...this.#sessions].flatMap(([instanceId, { stalledBy }]) =>
        stalledBy === undefined ? [] : [[instanceId, stalledBy]],
      ),
    );
  }

  async keepMemory(...[spec, options]: Parameters<Compute['keepMemory']>): Promise<void> {
    const { limitMs, signal } = options;
    const { instanceId } = spec;
    const { clock } = this.#context;
    const deadline = clock.elapsed() + limitMs;
    const folder = this.#folder(instanceId);
    const runs = async () => (await this.#session(instanceId)) !== undefined;
    if (!(await isKept(folder))) await waitsForCard(folder, { clock, limitMs, signal, runs });
    const holding = (work: () => Promise<void>) => this.#lock.run([`hold ${instanceId}`], work);
    await this.#lock.run([`life ${instanceId}`], async () =>
      keepGuest(this.#context, await this.#session(instanceId), {
        spec,
        deadline,
        signal,
        holding,
      }),
    );
  }

  forkRefusal(instanceId: InstanceId): Promise<string | undefined> {
    return forkRefusal(this.#folder(instanceId));
  }

  fork(...[spec, options]: Parameters<Compute['fork']>): Promise<ForkResult> {
    return this.#forks.fork(spec, options);
  }

  endFork(...[instanceId, forks]: Parameters<Compute['endFork']>): Promise<void> {
    return this.#forks.end(instanceId, forks);
  }

  kept(): Promise<readonly InstanceId[]> {
    return this.#keeper.kept();
  }

  keptMemory(): ReturnType<MachineKeeper['keptMemory']> {
    return this.#keeper.keptMemory();
  }

  forget(instanceId: InstanceId): Promise<void> {
    return this.#lock.run([`life ${instanceId}`], async () => {
      const folder = this.#folder(instanceId);
      if (!(await findMachineProcess(folder))) {
        // A machine whose process is gone may still be concluding its end.
        await this.#sessions.get(instanceId)?.ended;
        await this.#context.disks.close(instanceId);
        await releaseMachine(folder, this.#context);
      }
      await this.#keeper.forget(instanceId);
    });
  }

  watch(listener: (event: MachineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async adopt(): Promise<void> {
    for (const instanceId of await listMachineFolders(this.#context.directory)) {
      await this.#lock.run([`life ${instanceId}`], async () => {
        if (await this.#session(instanceId)) return;
        const folder = this.#folder(instanceId);
        const record = await readMachineRecord(folder, instanceId);
        if (record) this.#emit(await this.#conclude(folder, record));
      });
    }
  }

  /** Closes every connection to a machine; machines run on. What finds a machine later does not keep a connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }

  attachDisk(instanceId: InstanceId, disk: MachineDisk): Promise<void> {
    return this.#lock.run([`disks ${instanceId}`], async () => {
      const client = await this.#runningClient(instanceId);
      await plugDisk(client, disk, await this.#context.disks.give(disk.volumeId, instanceId));
    });
  }

  detachDisk(instanceId: InstanceId, volumeId: VolumeId, force: boolean): Promise<void> {
    return this.#lock.run([`disks ${instanceId}`], async () => {
      const session = await this.#session(instanceId);
      if (!session) return;
      await unplugDisk(await session.client(), { volumeId, ...this.#releaseOptions(force) });
      await this.#context.disks.take(volumeId, instanceId);
    });
  }

  attachNic(instanceId: InstanceId, nic: MachineNic): Promise<void> {
    return this.#lock.run([`cards ${instanceId}`], async () =>
      plugCard(await this.#runningClient(instanceId), nic),
    );
  }

  detachNic(instanceId: InstanceId, nicId: NetworkInterfaceId, force: boolean): Promise<void> {
    return this.#lock.run([`cards ${instanceId}`], async () => {
      const session = await this.#session(instanceId);
      if (session) await unplugCard(await session.client(), nicId, this.#releaseOptions(force));
    });
  }

  readConsole(instanceId: InstanceId): ReturnType<Compute['readConsole']> {
    return readConsoleLog(this.#folder(instanceId));
  }

  readBoot(instanceId: InstanceId): Promise<MachineBoot | undefined> {
    return readMachineBoot(this.#folder(instanceId));
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
        `cannot start generation ${generation} of ${instanceId}: generation ${session.record.generation} runs`,
      );
    }
    if (session?.record.generation === generation) {
      await session.hold.known();
      // It has begun.
      if (session.hold.isStopping) return;
      const folder = this.#folder(instanceId);
      const isRestored = (spec.memoryOf ?? spec.forkOf) !== undefined;
      // Without a word of what its guest begins from, it was cut off before that, and is made again.
      if (!isRestored || (await hasMemoryUse(folder))) {
        await beginGuest(await session.client(), { folder, instanceId, isRestored });
        return await removeForkMemory(folder);
      }
    }
    if (session) await endMachine(session, this.#context);
    await this.#launcher.launch(
      spec,
      () => this.#running(),
      (machine) => this.#follow(machine),
    );
  }

  /** The machine's session. Opens one for a machine that runs and has none yet. */
  async #session(instanceId: InstanceId): Promise<MachineSession | undefined> {
    const known = this.#sessions.get(instanceId);
    // The monitor of a machine that is being started belongs to its start.
    if (known || this.#launcher.isStarting(instanceId)) return known;
    const folder = this.#folder(instanceId);
    const process = await findMachineProcess(folder);
    if (process === undefined) return undefined;
    const record = await readMachineRecord(folder, instanceId);
    if (this.#launcher.isStarting(instanceId)) return undefined;
    const unknown = { instanceId, generation: 0, claimBytes: 0 };
    return this.#sessions.get(instanceId) ?? this.#follow({ process, record: record ?? unknown });
  }

  #follow(
    machine: RunningMachine & Partial<Pick<LaunchedMachine, 'client' | 'bootWatch'>>,
  ): MachineSession {
    const { process, record, client, bootWatch } = machine;
    const { instanceId, generation } = record;
    const { clock, groups, limits, logger } = this.#context;
    const session = new MachineSession(
      {
        folder: this.#folder(instanceId),
        process,
        record,
        clock,
        groups,
        limits,
        logger: logger.with({ instanceId, generation }),
        holding: (work) => this.#lock.run([`hold ${instanceId}`], work),
        emit: (event) => this.#emit(event),
      },
      client,
    );
    this.#sessions.set(instanceId, session);
    if (this.#isClosed) void session.close();
    // Its server may have been killed while it forked it.
    if (!client) this.#forks.endLater(session);
    void session.ended.then(() => {
      bootWatch?.stop();
      if (this.#sessions.get(instanceId) === session) this.#sessions.delete(instanceId);
    });
    return session;
  }

  /** Of a machine that has ended while no driver followed it. */
  async #conclude(folder: string, record: MachineRecord): Promise<MachineEvent> {
    const outOfMemory = await endMachineGroup(this.#context.groups, folder);
    return concludeMachine(folder, record, { outOfMemory });
  }

  #running(): readonly RunningMachine[] {
    return [...this.#sessions.values()];
  }

  async #runningSession(instanceId: InstanceId): Promise<MachineSession> {
    const session = await this.#session(instanceId);
    if (session) return session;
    throw new MachineGoneError(`${instanceId} has no running machine`);
  }

  async #runningClient(instanceId: InstanceId): Promise<QmpClient> {
    return (await this.#runningSession(instanceId)).client();
  }

  #releaseOptions(force: boolean) {
    const { clock, limits } = this.#context;
    const timeoutMs = force ? limits.forcedUnplugMs : limits.unplugMs;
    return { clock, timeoutMs, retryMs: limits.unplugRetryMs, force };
  }

  #folder(instanceId: InstanceId): string {
    return machineFolder(this.#context.directory, instanceId);
  }

  #emit(event: MachineEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#context.logger.log('error', 'listener for machine events failed', { event, error });
      }
    }
  }
}
