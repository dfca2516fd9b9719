import { join } from 'node:path';
import { KeyedLock } from '@bakehouse/base';
import type { Capacity, InstanceId, MachineSpec, StartedDisk } from '@bakehouse/domain';
import {
  endJailed,
  type HostProcess,
  type Jail,
  JailError,
  jailedProcess,
  NotPlainError,
  residentBytes,
  StartError,
  spawnJailed,
} from '@bakehouse/host';
import type { QmpClient } from '@bakehouse/qmp';
import { awaitMonitor } from './await-monitor.ts';
import { beginGuest } from './begin-guest.ts';
import { BootWatch } from './boot-watch.ts';
import { MachineStartError, MemoryMisfitError } from './compute-errors.ts';
import type { ComputeContext } from './compute-options.ts';
import { removeEphemeralDisks } from './conclude-machine.ts';
import { noteConsoleStart } from './console-since.ts';
import { backingOfChain } from './disk-backing.ts';
import { writeForkCard } from './fork-card.ts';
import { hostMemoryAvailable } from './host-memory.ts';
import {
  memoryMisfit,
  type OpenedMemory,
  openMemory,
  removeForkMemory,
  removeMemory,
} from './kept-memory.ts';
import { machineFileNames, machineFolder } from './machine-files.ts';
import { endMachineGroup, enterMachineGroup } from './machine-group.ts';
import { withMachineJail } from './machine-jail.ts';
import { type MachineRecord, removeMachineRecord, writeMachineRecord } from './machine-record.ts';
import { capacityOf, checkMemory, type MemoryFacts, memoryClaimBytes } from './memory-claim.ts';
import { memoryUsedBecause } from './memory-use.ts';
import { prepareMachineFolder } from './prepare-machine-folder.ts';
import { qemuArgv } from './qemu-argv.ts';
import { restoreMemory } from './restore-memory.ts';

/** A machine that runs: its process and its record. */
export interface RunningMachine {
  readonly process: HostProcess;
  readonly record: MachineRecord;
}

export interface LaunchedMachine extends RunningMachine {
  readonly client: QmpClient;
  /** Runs until it is stopped. */
  readonly bootWatch: BootWatch;
}

/** What a machine's guest begins from: kept memory; or its disk, and why where memory was asked for. */
interface MemorySource {
  readonly memory?: OpenedMemory;
  readonly bootedBecause?: string;
}

interface Spawn {
  readonly source: MemorySource;
  readonly folder: string;
  readonly jail: Jail;
  readonly argv: readonly string[];
  readonly disks: readonly StartedDisk[];
}

type RunningMachines = () => readonly RunningMachine[];

const isStartTrouble = (error: unknown): error is Error =>
  error instanceof StartError || error instanceof JailError || error instanceof NotPlainError;

/** Starts machines. The caller promises one start at a time for each instance. */
export class MachineLauncher {
  readonly #context: ComputeContext;
  readonly #memory = new KeyedLock();
  /** Claims, in bytes, of machines between the check of memory and the end of their start. */
  readonly #claims = new Map<InstanceId, number>();

  constructor(context: ComputeContext) {
    this.#context = context;
  }

  isStarting(instanceId: InstanceId): boolean {
    return this.#claims.has(instanceId);
  }

  /**
   * `started` gets the machine when it responds. `running` is called when this launch may claim memory. A start
   * that fails leaves the serial log and nothing else.
   */
  async launch(
    spec: MachineSpec,
    running: RunningMachines,
    started: (machine: LaunchedMachine) => void,
  ): Promise<void> {
    try {
      await this.#claimMemory(spec, running);
      started(await this.#launch(spec));
    } finally {
      this.#claims.delete(spec.instanceId);
    }
  }

  /** How many machines of this memory could be launched now, at most `count`. */
  capacityFor(memoryMiB: number, count: number, running: RunningMachines): Promise<Capacity> {
    return this.#memory.run(['host'], async () => {
      const claimBytes = memoryClaimBytes(memoryMiB, this.#context.accelerator);
      return capacityOf(claimBytes, count, await this.#memoryFacts(running()));
    });
  }

  /** Goes on from its own memory, once, or does not start. */
  async #launchFork(spec: MachineSpec): Promise<LaunchedMachine> {
    const { directory, accelerator } = this.#context;
    const folder = machineFolder(directory, spec.instanceId);
    const misfit =
      (await memoryUsedBecause(folder)) ?? (await memoryMisfit(folder, spec, accelerator));
    await using memory = misfit === undefined ? await openMemory(folder) : undefined;
    if (!memory?.fork)
      throw new MachineStartError(misfit ?? 'the memory of the fork no longer exists');
    try {
      const launched = await this.#begin(spec, { memory });
      await removeMemory(folder);
      return launched;
    } catch (error) {
      if (!(error instanceof MemoryMisfitError)) throw error;
      throw new MachineStartError(error.message, { cause: error });
    }
  }

  /** Goes on from kept memory where that is asked for and possible. */
  async #launch(spec: MachineSpec): Promise<LaunchedMachine> {
    const { directory, accelerator, logger } = this.#context;
    const { instanceId, memoryOf, forkOf } = spec;
    if (forkOf !== undefined) return await this.#launchFork(spec);
    await removeForkMemory(machineFolder(directory, instanceId));
    if (memoryOf === undefined) return await this.#begin(spec, {});
    const kept = machineFolder(directory, memoryOf);
    const used = await memoryUsedBecause(machineFolder(directory, instanceId));
    const misfit = used ?? (await memoryMisfit(kept, spec, accelerator));
    await using memory = misfit === undefined ? await openMemory(kept) : undefined;
    try {
      if (memory) return await this.#begin(spec, { memory });
    } catch (error) {
      if (!(error instanceof MemoryMisfitError)) throw error;
      logger.log('warn', 'cannot go on from a template', { instanceId, memoryOf, error });
      return await this.#begin(spec, { bootedBecause: error.message });
    }
    return await this.#begin(spec, { bootedBecause: misfit ?? 'the template no longer exists' });
  }

  async #begin(spec: MachineSpec, source: MemorySource): Promise<LaunchedMachine> {
    const { directory, accelerator, disks, users, limits, groups, logger } = this.#context;
    const { instanceId } = spec;
    const folder = machineFolder(directory, instanceId);
    const user = await users.of(folder);
    // A disk that was detached while there was no machine is not the next one's.
    await disks.close(instanceId);
    const folders = [{ path: folder, writable: true }, ...(await disks.open(instanceId))];
    const given = await Promise.all(
      spec.disks.map(async ({ volumeId }) => {
        const chain = await disks.give(volumeId, instanceId);
        return { volumeId, chain, backing: backingOfChain(chain) };
      }),
    );
    const chains = given.map(({ chain }) => chain);
    const started = given.map(({ volumeId, backing }) => ({ volumeId, backing }));
    const { memory } = source;
    const awaits = memory
      ? { awaitsMemory: true, ...(memory.fork && { slots: memory.fork.slots }) }
      : {};
    const argv = qemuArgv({ spec, accelerator, chains, ...awaits });
    await prepareMachineFolder(folder, { spec, user, serialBytesMax: limits.serialBytesMax });
    await writeMachineRecord(folder, spec, this.#claimOf(spec));
    try {
      return await withMachineJail({ spec, folder, user, folders, accelerator }, (jail) =>
        this.#spawn(spec, { folder, jail, argv, disks: started, source }),
      );
    } catch (error) {
      // What its group counted is not the next one's.
      await endMachineGroup(groups, folder).catch((problem: unknown) =>
        logger.log('warn', 'cannot remove the control group', { instanceId, error: problem }),
      );
      await removeEphemeralDisks(folder);
      await removeMachineRecord(folder);
      if (isStartTrouble(error)) {
        throw new MachineStartError(error.message, { cause: error });
      }
      throw error;
    }
  }

  async #spawn(
    spec: MachineSpec,
    { folder, jail, argv, disks, source: { memory, bootedBecause } }: Spawn,
  ): Promise<LaunchedMachine> {
    const { instanceId, generation, nics, forkOf } = spec;
    const [nic] = nics;
    const { clock, limits, groups, logger, reads } = this.#context;
    const claimBytes = this.#claimOf(spec);
    const group = await enterMachineGroup(groups, folder, { spec, claimBytes });
    const enter = [...group, ...(nic ? this.#context.enter(nic.port) : [])];
    const name = `machine of ${instanceId}`;
    const log = { path: join(folder, machineFileNames.log), keep: false };
    const infoPath = join(folder, machineFileNames.jail);
    await noteConsoleStart(folder, { wasReset: false });
    const bootWatch = await BootWatch.begin({ folder, generation, disks, reads, clock, logger });
    const handed = memory ? [memory.file.fd] : [];
    const started = await spawnJailed({ name, argv, jail, enter, log, infoPath, handed }).catch(
      (error: unknown) => {
        bootWatch.stop();
        throw error;
      },
    );
    const { ended } = started;
    try {
      const client = await awaitMonitor({
        folder,
        ended,
        clock,
        timeoutMs: limits.startMs,
        commandMs: limits.commandMs,
      });
      if (memory && nic) {
        const restoring = { folder, user: jail.user, ...memory, nic, clock };
        await restoreMemory(client, { ...restoring, timeoutMs: limits.startMs });
        if (memory.fork) await writeForkCard(folder, nic);
        await bootWatch.noteMemory(forkOf === undefined ? {} : { forkOf });
        await beginGuest(client, { folder, instanceId, isRestored: true });
      } else {
        if (bootedBecause !== undefined) await bootWatch.noteMemory({ bootedBecause });
        await beginGuest(client, { folder, instanceId });
      }
      const process = await jailedProcess(infoPath, jail.user);
      if (process === undefined) throw new MachineStartError('QEMU ended after its first answer');
      bootWatch.responded();
      return { process, record: this.#recordOf(spec), client, bootWatch };
    } catch (error) {
      bootWatch.stop();
      const what = `QEMU of ${instanceId}, generation ${generation}`;
      await endJailed(
        started,
        { infoPath, user: jail.user },
        { what, clock, killMs: limits.goneMs },
      );
      throw error;
    }
  }

  #recordOf(spec: MachineSpec): MachineRecord {
    const { instanceId, generation } = spec;
    return { instanceId, generation, claimBytes: this.#claimOf(spec) };
  }

  #claimMemory(spec: MachineSpec, running: RunningMachines): Promise<void> {
    return this.#memory.run(['host'], async () => {
      checkMemory(this.#claimOf(spec), await this.#memoryFacts(running()));
      this.#claims.set(spec.instanceId, this.#claimOf(spec));
    });
  }

  async #memoryFacts(running: readonly RunningMachine[]): Promise<MemoryFacts> {
    const machines = await Promise.all(
      running.map(async ({ process, record }) => ({
        claimBytes: record.claimBytes,
        residentBytes: await residentBytes(process),
      })),
    );
    const starting = [...this.#claims.values()].map((bytes) => ({
      claimBytes: bytes,
      residentBytes: 0,
    }));
    return {
      availableBytes: await hostMemoryAvailable(),
      reserveBytes: this.#context.limits.memoryReserveBytes,
      machines: [...machines, ...starting],
    };
  }

  #claimOf({ memoryMiB }: MachineSpec): number {
    return memoryClaimBytes(memoryMiB, this.#context.accelerator);
  }
}
