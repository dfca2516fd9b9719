import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedLock } from '@bakehouse/base';
import type { Capacity, InstanceId, MachineSpec } from '@bakehouse/domain';
import type { QmpClient } from '@bakehouse/qmp';
import { awaitMonitor } from './await-monitor.ts';
import type { ComputeLimits } from './compute-limits.ts';
import { removeEphemeralDisks } from './conclude-machine.ts';
import { boundConsoleLog } from './console-log.ts';
import type { QemuComputeOptions } from './create-qemu-compute.ts';
import { hostMemoryAvailable } from './host-memory.ts';
import { ephemeralDiskName, machineFileNames, machineFolder } from './machine-files.ts';
import { killProcess, residentBytes, untilGone } from './machine-process.ts';
import { type MachineRecord, removeMachineRecord, writeMachineRecord } from './machine-record.ts';
import { capacityOf, checkMemory, type MemoryFacts, memoryClaimBytes } from './memory-claim.ts';
import { qemuArgv } from './qemu-argv.ts';
import { spawnMachine } from './spawn-machine.ts';

export interface LaunchedMachine {
  readonly pid: number;
  readonly record: MachineRecord;
  readonly client: QmpClient;
}

interface RunningMachine {
  readonly pid: number;
  readonly record: MachineRecord;
}

type RunningMachines = () => readonly RunningMachine[];

/** Starts machines; one start at a time for each instance is the caller's promise. */
export class MachineLauncher {
  readonly #options: QemuComputeOptions & { readonly limits: ComputeLimits };
  readonly #memory = new KeyedLock();
  /** Claims, in bytes, of machines between the check of memory and the end of their start. */
  readonly #claims = new Map<InstanceId, number>();

  constructor(options: QemuComputeOptions & { readonly limits: ComputeLimits }) {
    this.#options = options;
  }

  isStarting(instanceId: InstanceId): boolean {
    return this.#claims.has(instanceId);
  }

  /**
   * `started` gets the machine when it answers. `running` is asked when it is this launch's turn to claim
   * memory. A start that fails leaves the serial log and nothing else.
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

  async #launch(spec: MachineSpec): Promise<LaunchedMachine> {
    const { directory, accelerator, volumeDisks, enter, clock, limits } = this.#options;
    const { instanceId, generation } = spec;
    const folder = machineFolder(directory, instanceId);
    const chains = await Promise.all(spec.disks.map(({ volumeId }) => volumeDisks(volumeId)));
    const argv = [...enter, ...qemuArgv({ spec, accelerator, chains })];
    const claimBytes = this.#claimOf(spec);
    await this.#prepareFolder(folder, spec);
    await writeMachineRecord(folder, spec, claimBytes);
    try {
      const machine = await spawnMachine(folder, argv);
      try {
        const client = await awaitMonitor({
          folder,
          machine,
          clock,
          timeoutMs: limits.startMs,
          commandMs: limits.commandMs,
        });
        return { pid: machine.pid, record: { instanceId, generation, claimBytes }, client };
      } catch (error) {
        await killProcess(machine.pid, folder);
        await untilGone(machine.pid, { folder, clock, timeoutMs: limits.goneMs });
        throw error;
      }
    } catch (error) {
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
      await file.truncate(sizeBytes).finally(() => file.close());
    }
  }

  /** How many machines of this memory could be launched now, `count` at most. */
  capacityFor(memoryMiB: number, count: number, running: RunningMachines): Promise<Capacity> {
    return this.#memory.run(['host'], async () => {
      const claimBytes = memoryClaimBytes(memoryMiB, this.#options.accelerator);
      return capacityOf(claimBytes, count, await this.#memoryFacts(running()));
    });
  }

  #claimMemory(spec: MachineSpec, running: RunningMachines): Promise<void> {
    return this.#memory.run(['host'], async () => {
      checkMemory(this.#claimOf(spec), await this.#memoryFacts(running()));
      this.#claims.set(spec.instanceId, this.#claimOf(spec));
    });
  }

  async #memoryFacts(running: readonly RunningMachine[]): Promise<MemoryFacts> {
    const machines = await Promise.all(
      running.map(async ({ pid, record }) => ({
        claimBytes: record.claimBytes,
        residentBytes: await residentBytes(pid),
      })),
    );
    const starting = [...this.#claims.values()].map((bytes) => ({
      claimBytes: bytes,
      residentBytes: 0,
    }));
    return {
      availableBytes: await hostMemoryAvailable(),
      reserveBytes: this.#options.limits.memoryReserveBytes,
      machines: [...machines, ...starting],
    };
  }

  #claimOf({ memoryMiB }: MachineSpec): number {
    return memoryClaimBytes(memoryMiB, this.#options.accelerator);
  }
}
