import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import type { FreezeVolume } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { DiskFrozenError, DiskMissingError } from '../src/index.ts';
import { at, changedMiB, diskBytes, id, one, openedRig, originMapId, readView } from './rig.ts';

const volumeId = id.volume(1);
const disk = { volumeId, sizeBytes: diskBytes, originMapId };
const first: FreezeVolume = { volumeId, snapshotId: id.snapshot(1), originMapId };
const second: FreezeVolume = {
  ...first,
  snapshotId: id.snapshot(2),
  sinceSnapshotId: id.snapshot(1),
  sinceMapId: id.map(101),
};
const never = new AbortController().signal;

test('disks are made, listed and removed; each repetition is harmless', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  expect(await volumes.list()).toEqual([]);
  await volumes.remove(volumeId);
  await volumes.create(disk);
  await volumes.create({ ...disk, sizeBytes: 1 * MiB });
  await volumes.create({ volumeId: id.volume(2), sizeBytes: diskBytes });
  expect(await volumes.list()).toEqual([volumeId, id.volume(2)]);
  expect(await volumes.localBytes(volumeId)).toBeLessThan(MiB);
  const folder = join(rig.directory, 'x'.repeat(120), 'volumes', volumeId);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await volumes.remove(volumeId);
  await volumes.remove(volumeId);
  expect(await volumes.list()).toEqual([id.volume(2)]);
  await expect(volumes.blockdevChain({ volumeId })).rejects.toThrow(DiskMissingError);
});

test('a disk gets what was written to another with the same origin', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  const copyId = id.volume(2);
  await volumes.create(disk);
  await volumes.create({ ...disk, volumeId: copyId });
  const machine = await rig.start([volumeId]);
  await machine.write(0, 3 * MiB, { byte: 0x33, lengthBytes: MiB });
  await machine.quit();
  await volumes.copyDisk(volumeId, copyId, new AbortController());
  await volumes.writeBack(copyId);
  const copy: FreezeVolume = { volumeId: copyId, snapshotId: id.snapshot(1), originMapId };
  const view = one(await volumes.freeze([copy]));
  expect(await changedMiB(view)).toEqual([[3, 1]]);
  const bytes = await readView(rig, view);
  expect([at(bytes, 0), at(bytes, 3)]).toEqual([0x11, 0x33]);
});

test('a disk half made by a killed control plane is swept, or made again', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create({ ...disk, volumeId: id.volume(2) });
  const half = join(rig.directory, 'x'.repeat(120), 'volumes', `.new-${volumeId}`);
  await mkdir(half);
  await writeFile(join(half, 'disk.qcow2'), 'half');
  expect(await volumes.list()).toEqual([id.volume(2)]);
  const request = { wanted: new Set<never>(), instanceIds: [] };
  expect(await volumes.sweep(request)).toEqual([{ what: 'folder', name: half }]);
  expect(await volumes.sweep(request)).toEqual([]);
  await mkdir(half);
  await volumes.create(disk);
  const machine = await rig.start([volumeId]);
  await machine.quit();
});

test('a disk grows under its machine, with its bitmap, and in its file', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create(disk);
  const machine = await rig.start([volumeId]);
  await volumes.freeze([first], machine.instanceId);
  await expect(volumes.grow(volumeId, 2 * diskBytes, machine.instanceId)).rejects.toThrow(
    DiskFrozenError,
  );
  await volumes.thaw([first], 'captured', machine.instanceId);
  await volumes.grow(volumeId, 2 * diskBytes, machine.instanceId);
  await volumes.grow(volumeId, 2 * diskBytes, machine.instanceId);
  await expect(volumes.grow(volumeId, diskBytes, machine.instanceId)).rejects.toThrow(RangeError);
  await machine.write(0, 100 * MiB, { byte: 0x51, lengthBytes: MiB });
  await machine.quit();
  await volumes.grow(volumeId, 3 * diskBytes);

  const view = one(await volumes.freeze([second]));
  const bytes = await readView(rig, view);
  expect(bytes.length).toBe(3 * diskBytes);
  expect([0, 15, 100, 150].map((offset) => at(bytes, offset))).toEqual([0x11, 0x22, 0x51, 0]);
  expect(view.baseMapId).toBe(id.map(101));
  expect(await changedMiB(view)).toEqual([[100, 1]]);
  await volumes.thaw([second], 'captured');
});

test.each(['live', 'at rest'])(
  'a disk grows %s after a kill that made its bitmap untrue',
  async (how) => {
    const rig = await openedRig();
    const volumes = rig.volumes();
    await volumes.create(disk);
    const machine = await rig.start([volumeId]);
    await volumes.freeze([first], machine.instanceId);
    await volumes.thaw([first], 'captured', machine.instanceId);
    await machine.quit();
    const again = await rig.start([volumeId]);
    await again.write(0, MiB, { byte: 0x51, lengthBytes: MiB });
    await again.kill();
    if (how === 'at rest') await volumes.grow(volumeId, 2 * diskBytes);
    const third = await rig.start([volumeId]);
    await volumes.grow(volumeId, 2 * diskBytes, third.instanceId);
    const view = one(await volumes.freeze([second], third.instanceId));
    expect((await readView(rig, view)).length).toBe(2 * diskBytes);
    expect(view.baseMapId).toBe(originMapId);
    await volumes.thaw([second], 'captured', third.instanceId);
  },
);

test('hydration makes a disk that needs no origin, and counts no changes', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create(disk);
  const machine = await rig.start([volumeId]);
  await machine.write(0, MiB, { byte: 0x41, lengthBytes: MiB });
  await volumes.freeze([first], machine.instanceId);
  expect(await volumes.hydrate(volumeId, machine.instanceId, { signal: never })).toBe(false);
  await volumes.thaw([first], 'captured', machine.instanceId);
  await machine.write(0, 3 * MiB, { byte: 0x42, lengthBytes: MiB });

  expect(await volumes.hydrate(volumeId, machine.instanceId, { signal: never })).toBe(true);
  expect(await volumes.hydrate(volumeId, machine.instanceId, { signal: never })).toBe(true);
  expect(await volumes.localBytes(volumeId)).toBeGreaterThan(8 * MiB);
  await rig.stopOrigin();
  const view = one(await volumes.freeze([second], machine.instanceId));
  expect(await changedMiB(view)).toEqual([[3, 1]]);
  const bytes = await readView(rig, view);
  expect([0, 1, 3, 9, 15].map((offset) => at(bytes, offset))).toEqual([0x11, 0x41, 0x42, 0, 0x22]);
  await volumes.thaw([second], 'abandoned', machine.instanceId);
  await machine.quit();

  const again = await rig.start([volumeId]);
  const plain: FreezeVolume = { volumeId, snapshotId: id.snapshot(3), originMapId };
  const whole = one(await volumes.freeze([plain], again.instanceId));
  expect(whole.baseMapId).toBeUndefined();
  expect(at(await readView(rig, whole), 15)).toBe(0x22);
  await volumes.thaw([plain], 'captured', again.instanceId);
});

test('hydration gives way to a freeze, a resize and an abort, and is taken up again', async () => {
  const rig = await openedRig();
  const slowly = rig.volumes({ hydrateBytesPerSecond: MiB });
  await slowly.create(disk);
  const machine = await rig.start([volumeId]);
  const jobs = async () => JSON.stringify(await machine.execute('query-jobs'));
  const streams = async () => {
    while (!(await jobs()).includes('"stream"'));
  };
  const frozen = slowly.hydrate(volumeId, machine.instanceId, { signal: never });
  await streams();
  const view = one(await slowly.freeze([first], machine.instanceId));
  expect(await frozen).toBe(false);
  expect(at(await readView(rig, view), 15)).toBe(0x22);
  await slowly.thaw([first], 'captured', machine.instanceId);

  const resized = slowly.hydrate(volumeId, machine.instanceId, { signal: never });
  await streams();
  await slowly.grow(volumeId, 2 * diskBytes, machine.instanceId);
  expect(await resized).toBe(false);

  const isBeingFilled = async () =>
    (await slowly.machineFiles(machine.instanceId)).some((file) => file.isBeingFilled);
  expect(await isBeingFilled()).toBe(false);
  const abort = new AbortController();
  const aborted = slowly.hydrate(volumeId, machine.instanceId, abort);
  await streams();
  expect(await isBeingFilled()).toBe(true);
  abort.abort();
  expect(await aborted).toBe(false);
  expect(await isBeingFilled()).toBe(false);
  expect(await jobs()).toBe('[]');
  expect(await rig.volumes().hydrate(volumeId, machine.instanceId, { signal: never })).toBe(true);
});

test('hydration of a machine that dies is taken up in the next run', async () => {
  const rig = await openedRig();
  const slowly = rig.volumes({ hydrateBytesPerSecond: MiB });
  await slowly.create(disk);
  const machine = await rig.start([volumeId]);
  const dying = slowly.hydrate(volumeId, machine.instanceId, { signal: never });
  while (!JSON.stringify(await machine.execute('query-jobs')).includes('"stream"'));
  await machine.kill();
  expect(await dying).toBe(false);
  expect(await slowly.hydrate(volumeId, machine.instanceId, { signal: never })).toBe(false);
  const again = await rig.start([volumeId]);
  expect(await rig.volumes().hydrate(volumeId, again.instanceId, { signal: never })).toBe(true);
});

test('a chain asks for no more than it can have', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create(disk);
  const chain = await volumes.blockdevChain({ volumeId });
  expect(chain.map((node) => node['node-name'])).toEqual([
    `${volumeId}-b`,
    `${volumeId}-f`,
    volumeId,
  ]);
  await rm(join(rig.directory, 'x'.repeat(120), 'volumes', volumeId, 'disk.json'));
  await expect(volumes.blockdevChain({ volumeId })).rejects.toThrow(DiskMissingError);
});
