import { copyFile, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceId, MachineBoot, VolumeId } from '@bakehouse/domain';
import { MemoryNotKeptError } from '@bakehouse/domain';
import { connectQmp } from '@bakehouse/qmp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { QemuCompute } from '../src/index.ts';
import { bootSectors } from './boot-sectors.ts';
import { instanceId, machineSpec, rootId } from './machine-spec.ts';
import { eventually, expectEvent, TestBench } from './test-bench.ts';

const templateId = 'i-0aaaaaaaaaaaaaaaa';
const templateDisk = 'vol-0aaaaaaaaaaaaaaaa';
const template = machineSpec({
  instanceId: templateId,
  disks: [{ deviceName: '/dev/sda1', volumeId: templateDisk, bootIndex: 0 }],
  nics: [],
});
const limits = { limitMs: 60_000, signal: new AbortController().signal };
const waiting = 'bakehouse: waiting for a network card\n';

let bench: TestBench;

beforeEach(async () => {
  bench = await TestBench.open();
  await bench.makeDisks(bootSectors.waiter);
  await copyFile(bench.disk(rootId), bench.disk(templateDisk));
});

afterEach(async () => {
  await bench.driver().driver.kill(templateId);
  await bench.close();
});

async function consoleOf(driver: QemuCompute, id: InstanceId): Promise<string> {
  return Buffer.from((await driver.readConsole(id))?.bytes ?? []).toString('latin1');
}

/** What became of the wish to go on from memory, when it is recorded. */
async function memoryOf(driver: QemuCompute): Promise<MachineBoot['memory']> {
  await eventually(async () => expect(await driver.readBoot(instanceId)).toBeDefined());
  return (await driver.readBoot(instanceId))?.memory;
}

async function keep(driver: QemuCompute): Promise<void> {
  await driver.start(template);
  await driver.keepMemory(template, limits);
}

/** As a machine is until its guest goes on. */
async function pause(): Promise<void> {
  const client = await connectQmp({
    socketPath: bench.machineFile('disks.sock'),
    timeoutMs: limits.limitMs,
  });
  await client.execute('stop');
  await client.close();
}

const child = (changes: Parameters<typeof machineSpec>[0] = {}) =>
  machineSpec({ memoryOf: templateId, ...changes });

it('keeps the memory of a guest that waits for a card; others go on from it with a card of their own', async () => {
  const { driver, events } = bench.driver();
  await keep(driver);
  expect(await driver.list()).toEqual([]);
  await expectEvent(events, { kind: 'exited', instanceId: templateId, reason: 'killed' });
  await driver.keepMemory(template, limits);
  await driver.start(child());
  // It has written what comes after the wait, and not what came before.
  await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe('C\n'));
  expect(await memoryOf(driver)).toEqual({ restoredAt: expect.any(Number) });
  expect(await driver.list()).toMatchObject([{ instanceId, generation: 1, state: 'running' }]);
});

it.each([1, 2])(
  'memory is loaded once: with a disk that was used, a start (%d) boots',
  async (generation) => {
    const { driver } = bench.driver();
    await keep(driver);
    await driver.start(child());
    await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe('C\n'));
    await driver.kill(instanceId);
    await driver.start(child({ generation }));
    const console = `C\n${waiting}C\n`;
    await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe(console));
    const bootedBecause = 'it has gone on from the template before';
    await eventually(async () => expect(await memoryOf(driver)).toEqual({ bootedBecause }));
  },
);

it('a machine that had to boot does not go on from memory later', async () => {
  const { driver } = bench.driver();
  await keep(driver);
  const facts = join(bench.folder, 'instances', templateId, 'memory.json');
  await rename(facts, `${facts}.away`);
  await driver.start(child());
  const first = `${waiting}C\n`;
  await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe(first));
  await driver.kill(instanceId);
  await rename(`${facts}.away`, facts);
  await driver.start(child());
  const both = `${first}${first}`;
  await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe(both));
  expect(await memoryOf(driver)).toEqual({ bootedBecause: 'the template no longer exists' });
});

it('a machine with other hardware boots, and says why', async () => {
  const { driver } = bench.driver();
  await keep(driver);
  await driver.start(child({ memoryMiB: 128 }));
  await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe(`${waiting}C\n`));
  expect(await memoryOf(driver)).toEqual({
    bootedBecause: 'the template was made with memory 64 MiB, and this instance has 128 MiB',
  });
});

it('memory that QEMU cannot load is no obstacle: the machine boots', async () => {
  const { driver } = bench.driver();
  await keep(driver);
  await truncate(join(bench.folder, 'instances', templateId, 'memory.state'), 100_000);
  await driver.start(child());
  await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe(`${waiting}C\n`));
  expect(await memoryOf(driver)).toEqual({
    bootedBecause: expect.stringContaining('QEMU could not load the template'),
  });
});

/** A machine that has its memory, and whose guest is stopped again, as a start that is cut off leaves it. */
async function cutOffStart() {
  const { driver } = bench.driver();
  await keep(driver);
  await driver.start(child());
  await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe('C\n'));
  await pause();
  return { driver, pid: await bench.pidOf() };
}

it('a start that was cut off right before the guest went on lets it go on', async () => {
  const { driver, pid } = await cutOffStart();
  await driver.start(child());
  expect(await driver.list()).toMatchObject([{ instanceId, state: 'running' }]);
  expect(await bench.pidOf()).toBe(pid);
});

it('a start that was cut off before the guest had its memory is made again', async () => {
  const { driver, pid } = await cutOffStart();
  await rm(bench.machineFile('memory.used'));
  await driver.start(child());
  await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe('C\nC\n'));
  expect(await bench.pidOf()).not.toBe(pid);
  await driver.start(child());
  expect(await consoleOf(driver, instanceId)).toBe('C\nC\n');
});

it('what is kept takes room on the disk, and is removed with the rest of the machine', async () => {
  const { driver } = bench.driver();
  await keep(driver);
  await driver.start(child());
  await driver.kill(instanceId);
  const { blocks } = await stat(join(bench.folder, 'instances', templateId, 'memory.state'));
  const bytes = blocks * 512;
  expect(bytes).toBeGreaterThan(100_000);
  expect(await driver.keptMemory()).toEqual([{ instanceId: templateId, bytes }]);
  await driver.forget(instanceId);
  await driver.forget(templateId);
  expect(await driver.keptMemory()).toEqual([]);
  expect(await readdir(join(bench.folder, 'instances'))).toEqual([]);
  await driver.start(child());
  expect(await memoryOf(driver)).toEqual({ bootedBecause: 'the template no longer exists' });
});

it('a guest that does not wait for a card, or ends, has no memory to keep', async () => {
  const { driver } = bench.driver();
  await bench.makeDisks(bootSectors.idle);
  await copyFile(bench.disk(rootId), bench.disk(templateDisk));
  await driver.start(template);
  const tooLong = driver.keepMemory(template, { ...limits, limitMs: 500 });
  await expect(tooLong).rejects.toThrow('its guest did not wait for a network card within 1 s');
  const ended = driver.keepMemory(template, limits);
  await driver.kill(templateId);
  await expect(ended).rejects.toBeInstanceOf(MemoryNotKeptError);
});

it('memory of a guest that goes on is used by two machines at once', async () => {
  const { driver } = bench.driver();
  await keep(driver);
  const otherId: InstanceId = 'i-0bbbbbbbbbbbbbbbb';
  const otherDisk: VolumeId = 'vol-0bbbbbbbbbbbbbbbb';
  await copyFile(bench.disk(rootId), bench.disk(otherDisk));
  await driver.start(child());
  const disks = [{ deviceName: '/dev/sda1', volumeId: otherDisk, bootIndex: 0 }];
  await bench.addTap('tap1');
  const nics = [{ nicId: 'eni-1', macAddress: '0e:00:00:00:00:02', port: 'tap1' }] as const;
  await driver.start(child({ instanceId: otherId, disks, nics }));
  for (const id of [instanceId, otherId] as const) {
    await eventually(async () => expect(await consoleOf(driver, id)).toBe('C\n'));
  }
  await driver.kill(otherId);
});
