import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Compute, InstanceId, MachineEvent, VolumeId } from '@bakehouse/domain';
import { findProcesses } from '@bakehouse/host';
import { expect, vi } from 'vitest';
import type { ComputeLimits, QemuCompute } from '../src/index.ts';
import { writeBootDisk } from './boot-sectors.ts';
import { dataId, instanceId, rootId } from './machine-spec.ts';
import { openDriver, releaseBench } from './open-driver.ts';

export const run = promisify(execFile);

/** A folder with disks, a network namespace with a tap, and drivers over them. */
export class TestBench {
  readonly folder: string;
  readonly namespace = `bakehouse-test-${process.pid}`;
  beforeQemu: string | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<TestBench> {
    const bench = new TestBench(await mkdtemp(join(tmpdir(), 'bakehouse-compute-')));
    await run('ip', ['netns', 'add', bench.namespace]);
    await bench.addTap('tap0');
    return bench;
  }

  async addTap(name: string): Promise<void> {
    const tap = ['ip', 'tuntap', 'add', 'dev', name, 'mode', 'tap', 'vnet_hdr'];
    await run('ip', ['netns', 'exec', this.namespace, ...tap]);
  }

  async close(): Promise<void> {
    await this.driver({ quitMs: 1 }).driver.kill(instanceId);
    await run('ip', ['netns', 'del', this.namespace]);
    // By now bubblewrap, the last of each control group, has ended, too.
    await releaseBench(this);
    await rm(this.folder, { recursive: true, force: true });
    await rm(`/run/bakehouse-test-users-${this.namespace}`, { recursive: true, force: true });
  }

  /** Makes the root disk, with this boot sector, and an empty disk. */
  async makeDisks(bootSector: string): Promise<void> {
    const raw = join(this.folder, 'boot.img');
    await writeBootDisk(raw, bootSector);
    await run('qemu-img', ['convert', '-O', 'qcow2', raw, this.disk(rootId)]);
    await run('qemu-img', ['resize', '-q', this.disk(rootId), '64M']);
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', this.disk(dataId), '64M']);
  }

  /** Starts the machine from another process, which is then killed. */
  async startByAnother(): Promise<void> {
    const node = join(import.meta.dirname, '../../../node_modules/.bin/node');
    const script = join(import.meta.dirname, 'start-and-wait.ts');
    const starter = spawn(node, [script, this.folder, this.namespace], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await once(starter.stdout, 'data');
    if (starter.pid === undefined) throw new Error('the starter did not start');
    process.kill(-starter.pid, 'SIGKILL');
    await once(starter, 'exit');
  }

  disk(volumeId: VolumeId): string {
    return join(this.folder, `${volumeId}.qcow2`);
  }

  machineFile(name: string): string {
    return join(this.folder, 'instances', instanceId, name);
  }

  /** The process of a machine that runs. */
  async pidOf(instance: InstanceId = instanceId): Promise<number> {
    const [machine, ...others] = await findProcesses(
      ({ argv: [program = '', ...args] }) =>
        program.includes('qemu-system-') && args.includes(`guest=${instance},debug-threads=on`),
    );
    if (machine === undefined || others.length > 0) {
      throw new Error(`${instance} should have one process, not ${others.length}`);
    }
    return machine.pid;
  }

  /** Another driver, as another control plane would have it, and the events that it emitted. */
  driver(limits: Partial<ComputeLimits> = {}): { driver: QemuCompute; events: MachineEvent[] } {
    const driver = openDriver(this, limits);
    const events: MachineEvent[] = [];
    driver.watch((event) => events.push(event));
    return { driver, events };
  }
}

export async function consoleText(driver: Compute): Promise<string> {
  return Buffer.from((await driver.readConsole(instanceId))?.bytes ?? []).toString('latin1');
}

/** Waits until `check` passes. */
export function eventually(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 30_000, interval: 50 });
}

export function expectEvent(events: readonly MachineEvent[], event: object): Promise<unknown> {
  return eventually(() => expect(events).toContainEqual(expect.objectContaining(event)));
}
