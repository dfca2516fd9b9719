import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootSectors } from './boot-sectors.ts';
import { instanceId, machineSpec } from './machine-spec.ts';
import { consoleText, eventually, expectEvent, run, TestBench } from './test-bench.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await TestBench.open();
});

afterEach(() => bench.close());

describe('after the control plane was killed', () => {
  it('the machine runs on, is found again, and is in hand', async () => {
    await bench.makeDisks(bootSectors.idle);
    await bench.startByAnother();
    const { driver, events } = bench.driver();
    await driver.adopt();
    expect(await driver.list()).toMatchObject([{ instanceId, generation: 1, state: 'running' }]);
    await driver.start(machineSpec());
    await eventually(async () => expect(await consoleText(driver)).toBe('hello\n'));
    await driver.reset(instanceId);
    await expectEvent(events, { kind: 'rebooted' });
    await driver.kill(instanceId);
    expect(events.at(-1)).toMatchObject({ kind: 'exited', generation: 1, reason: 'killed' });
  });

  it('a guest that powered itself off meanwhile is told, again and again until forgotten', async () => {
    await bench.makeDisks(bootSectors.powerOff);
    await bench.startByAnother();
    await eventually(async () => expect(await bench.driver().driver.list()).toEqual([]));
    const { driver, events } = bench.driver();
    const told = { kind: 'exited', instanceId, generation: 1, reason: 'guest-shutdown' };
    await driver.adopt();
    await driver.adopt();
    expect(events).toEqual([told, told]);
    await driver.forget(instanceId);
    await driver.adopt();
    expect(events).toHaveLength(2);
  });

  it('a QEMU that was killed meanwhile is told as crashed', async () => {
    await bench.makeDisks(bootSectors.idle);
    await bench.startByAnother();
    const pids = await run('pgrep', ['-f', `guest=${instanceId},`]);
    const pid = Number(pids.stdout);
    process.kill(pid, 'SIGKILL');
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow());
    const { driver, events } = bench.driver();
    await driver.adopt();
    expect(events).toMatchObject([{ kind: 'exited', reason: 'crashed' }]);
  });
});

describe('a process id that was used again', () => {
  it.each([
    ['by this process', () => process.pid],
    ['by process 1', () => 1],
    ['by nobody', () => 4_194_000],
  ])('%s is nobody’s machine', async (_who, pid) => {
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
