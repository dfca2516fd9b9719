import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { heldMachines, writeHold } from '../src/hold-record.ts';
import { bootSectors } from './boot-sectors.ts';
import { atOnce, instanceId, machineSpec } from './machine-spec.ts';
import { consoleText, eventually, expectEvent, TestBench } from './test-bench.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await TestBench.open();
});

afterEach(() => bench.close());

/** As `heldMachines` wants it, where every record can be read. */
function unexpected(id: string, error: unknown): never {
  throw new Error(`the record of ${id} cannot be read`, { cause: error });
}

describe('after the control plane was killed', () => {
  it('the machine continues, is found again, and obeys', async () => {
    await bench.makeDisks(bootSectors.idle);
    await bench.startByAnother();
    const { driver, events } = bench.driver();
    await driver.adopt();
    expect(await driver.list()).toMatchObject([{ instanceId, generation: 1, state: 'running' }]);
    await driver.start(machineSpec());
    await eventually(async () => expect(await consoleText(driver)).toBe('hello\n'));
    await driver.reboot(instanceId, atOnce);
    await expectEvent(events, { kind: 'rebooted' });
    await driver.kill(instanceId);
    expect(events.at(-1)).toMatchObject({ kind: 'exited', generation: 1, reason: 'killed' });
  });

  it('a driver that is closed leaves the machine to the next one, and reports no end', async () => {
    await bench.makeDisks(bootSectors.idle);
    await bench.startByAnother();
    const { driver, events } = bench.driver();
    await driver.adopt();
    expect(await driver.list()).toMatchObject([{ state: 'running' }]);
    await driver.close();
    const next = bench.driver();
    await next.driver.adopt();
    expect(await next.driver.list()).toMatchObject([{ state: 'running' }]);
    // Found by the closed one, whose connection would keep the monitor from the next.
    await driver.find(instanceId);
    await next.driver.kill(instanceId);
    expect(next.events.at(-1)).toMatchObject({ kind: 'exited', reason: 'killed' });
    expect(events).toEqual([]);
  });

  it('a guest that was to be held is paused, and goes on when it is released', async () => {
    await bench.makeDisks(bootSectors.idle);
    await bench.startByAnother();
    // Killed before it paused the guest, or after the guest went on: it leaves the file, and a guest that runs.
    const folder = bench.machineFile('.');
    const record = { generation: 1, reason: 'the disk is full', at: 1 };
    await writeHold(folder, { ...record, generation: 2 });
    const first = bench.driver();
    await first.driver.adopt();
    expect(await first.driver.held()).toEqual([]);
    await first.driver.close();
    await writeHold(folder, record);
    expect(await heldMachines(dirname(folder), unexpected)).toEqual(
      new Map([[instanceId, record.reason]]),
    );
    const { driver, events } = bench.driver();
    await driver.adopt();
    expect(await driver.held()).toEqual([instanceId]);
    await expectEvent(events, { kind: 'paused', reason: record.reason });
    await eventually(async () => expect(await driver.list()).toMatchObject([{ state: 'paused' }]));
    // Its start, repeated, does not let it go on.
    await driver.start(machineSpec());
    expect(await driver.list()).toMatchObject([{ state: 'paused' }]);
    await driver.release(instanceId);
    await expectEvent(events, { kind: 'resumed' });
    expect(await driver.list()).toMatchObject([{ state: 'running' }]);
    expect(await heldMachines(dirname(folder), unexpected)).toEqual(new Map());
  });

  it('a guest that powered itself off meanwhile is reported at each start until it is forgotten', async () => {
    await bench.makeDisks(bootSectors.powerOff);
    await bench.startByAnother();
    await eventually(async () => expect(await bench.driver().driver.list()).toEqual([]));
    const { driver, events } = bench.driver();
    const end = { kind: 'exited', instanceId, generation: 1, reason: 'guest-shutdown' };
    await driver.adopt();
    await driver.adopt();
    expect(events).toEqual([end, end]);
    await driver.forget(instanceId);
    await driver.adopt();
    expect(events).toHaveLength(2);
  });

  it('a QEMU that was killed meanwhile is reported as crashed', async () => {
    await bench.makeDisks(bootSectors.idle);
    await bench.startByAnother();
    const pid = await bench.pidOf();
    process.kill(pid, 'SIGKILL');
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow());
    const { driver, events } = bench.driver();
    await driver.adopt();
    expect(events).toMatchObject([{ kind: 'exited', reason: 'crashed' }]);
  });
});

describe('a process id that is in use again', () => {
  it.each([
    ['by this process', () => process.pid],
    ['by process 1', () => 1],
    ['by nobody', () => 4_194_000],
  ])('%s is no machine', async (_who, pid) => {
    await mkdir(bench.machineFile('.'), { recursive: true });
    await writeFile(bench.machineFile('pid'), `${pid()}\n`);
    const { driver } = bench.driver();
    expect(await driver.list()).toEqual([]);
    await driver.kill(instanceId);
  });
});

describe('a data folder', () => {
  it('may have a long path and be reached by a link', async () => {
    await bench.makeDisks(bootSectors.idle);
    const deep = join(bench.folder, 'd'.repeat(120));
    await mkdir(deep);
    await symlink(deep, join(bench.folder, 'instances'));
    const { driver } = bench.driver();
    await driver.start(machineSpec());
    expect(await driver.list()).toMatchObject([{ state: 'running' }]);
    await driver.kill(instanceId);
  });
});
