import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskBusyError, MachineGoneError } from '../src/index.ts';
import { bootSectors } from './boot-sectors.ts';
import { atOnce, dataId, instanceId, machineSpec, rootId } from './machine-spec.ts';
import { releaseBench } from './open-driver.ts';
import { eventually, expectEvent, run, TestBench } from './test-bench.ts';

let bench: TestBench;
const disk = { deviceName: '/dev/sdf', volumeId: dataId } as const;

beforeEach(async () => {
  bench = await TestBench.open();
});

afterEach(() => bench.close());

/** Rejects while QEMU has the image open. */
const openImage = () => run('qemu-img', ['resize', '-q', bench.disk(dataId), '64M']);

describe('hot-plug', () => {
  it('attaches a disk once, and takes it from a guest that does not release it only by force', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver({ unplugMs: 300, unplugRetryMs: 50, forcedUnplugMs: 100 });
    await driver.detachDisk(instanceId, dataId, false);
    await expect(driver.attachDisk(instanceId, disk)).rejects.toBeInstanceOf(MachineGoneError);
    await driver.start(machineSpec());
    await driver.detachDisk(instanceId, dataId, false);
    await driver.attachDisk(instanceId, disk);
    await driver.attachDisk(instanceId, disk);
    await expect(openImage()).rejects.toThrow(/lock/);

    await expect(driver.detachDisk(instanceId, dataId, false)).rejects.toThrow(/did not release/);
    await expect(openImage()).rejects.toThrow(/lock/);
    await driver.detachDisk(instanceId, dataId, true);
    await openImage();
    await driver.detachDisk(instanceId, dataId, true);
    await expect(driver.attachDisk(instanceId, disk)).rejects.toBeInstanceOf(DiskBusyError);

    await driver.reboot(instanceId, atOnce);
    await eventually(() => driver.attachDisk(instanceId, disk));
    await expect(openImage()).rejects.toThrow(/lock/);
    expect(await driver.list()).toMatchObject([{ state: 'running' }]);
  });

  it('leaves nothing of a disk that cannot be attached', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver();
    await driver.start(machineSpec());
    await run('mv', [bench.disk(dataId), `${bench.disk(dataId)}.away`]);
    await expect(driver.attachDisk(instanceId, disk)).rejects.toThrow(/No such file/);
    await run('mv', [`${bench.disk(dataId)}.away`, bench.disk(dataId)]);
    await driver.attachDisk(instanceId, disk);
  });
});

it('a machine that starts again has only the disks of this start', async () => {
  await bench.makeDisks(bootSectors.idle);
  const { driver } = bench.driver();
  const { disks } = machineSpec();
  await driver.start(machineSpec({ disks: [...disks, disk] }));
  await driver.kill(instanceId);
  await driver.start(machineSpec({ generation: 2 }));
  expect(await readdir(join(bench.folder, 'doors', instanceId))).toEqual([`${rootId}.qcow2`]);
});

describe('a full disk', () => {
  const limits = { spaceProbeMs: 50, spaceNeededBytes: 1_048_576 };

  beforeEach(async () => {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4M', 'tmpfs', bench.folder]);
    await bench.makeDisks(bootSectors.writer);
  });

  afterEach(async () => {
    await bench.driver().driver.kill(instanceId);
    await releaseBench(bench);
    await run('umount', ['-l', bench.folder]);
  });

  it('pauses the guest, which continues when there is room', async () => {
    const { driver, events } = bench.driver(limits);
    await driver.start(machineSpec());
    const reason = expect.stringMatching(`${rootId}.*No space left`);
    await expectEvent(events, { kind: 'paused', generation: 1, reason });
    expect(await driver.list()).toMatchObject([{ state: 'paused' }]);
    const wayOut = expect.stringMatching(`${bench.folder}.*free at least \\d+ MiB`);
    expect(await driver.stalled()).toEqual(new Map([[instanceId, wayOut]]));
    await run('mount', ['-o', 'remount,size=64M', bench.folder]);
    await expectEvent(events, { kind: 'resumed', generation: 1 });
    expect(await driver.stalled()).toEqual(new Map());
    expect(await driver.list()).toMatchObject([{ state: 'running' }]);
    await driver.kill(instanceId);
    await run('qemu-img', ['check', '-q', bench.disk(rootId)]);
  });

  it('is found by a later control plane, which lets the guest continue', async () => {
    await bench.startByAnother();
    const { driver, events } = bench.driver(limits);
    await driver.adopt();
    await expectEvent(events, { kind: 'paused', generation: 1 });
    await run('mount', ['-o', 'remount,size=64M', bench.folder]);
    await expectEvent(events, { kind: 'resumed', generation: 1 });
  });

  it('does not prevent a machine from being killed', async () => {
    const { driver, events } = bench.driver(limits);
    await driver.start(machineSpec());
    await expectEvent(events, { kind: 'paused' });
    await driver.kill(instanceId);
    expect(events.at(-1)).toMatchObject({ kind: 'exited', reason: 'killed' });
  });
});
