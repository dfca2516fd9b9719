import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import type { FreezeVolume } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { DiskFrozenError } from '../src/index.ts';
import {
  at,
  changedMiB,
  diskBytes,
  id,
  killDaemon,
  one,
  openedRig,
  originMapId,
  processesWith,
  type Rig,
  readView,
} from './rig.ts';

const volumeId = id.volume(1);
const first: FreezeVolume = { volumeId, snapshotId: id.snapshot(1), originMapId };
const second: FreezeVolume = {
  ...first,
  snapshotId: id.snapshot(2),
  sinceSnapshotId: id.snapshot(1),
  sinceMapId: id.map(101),
};

/** A volume with 1 MiB written, captured once, then 1 MiB written at 4 MiB; its machine runs. */
async function capturedOnce() {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create({ volumeId, sizeBytes: diskBytes, originMapId });
  const machine = await rig.start([volumeId]);
  await machine.write(0, MiB, { byte: 0x41, lengthBytes: MiB });
  await volumes.freeze([first], machine.instanceId);
  await volumes.thaw([first], 'captured', machine.instanceId);
  await machine.write(0, 4 * MiB, { byte: 0x42, lengthBytes: MiB });
  return { rig, volumes, machine };
}

const fleeces = async (rig: Rig) =>
  (await readdir(join(rig.directory, 'x'.repeat(120), 'volumes', volumeId))).filter((name) =>
    name.startsWith('fleece'),
  );

test('the count of changes outlives an orderly stop and goes on in the next run', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await machine.quit();
  const again = await rig.start([volumeId]);
  await again.write(0, 9 * MiB, { byte: 0x43, lengthBytes: MiB });
  const view = one(await volumes.freeze([second], again.instanceId));
  expect(view.baseMapId).toBe(id.map(101));
  expect(await changedMiB(view)).toEqual([
    [4, 1],
    [9, 1],
  ]);
  await volumes.thaw([second], 'captured', again.instanceId);
});

test.each(['in the first run', 'in a later run'])(
  'after a kill %s the slow way is right',
  async (when) => {
    const { rig, volumes, machine } = await capturedOnce();
    let killed = machine;
    if (when === 'in a later run') {
      await machine.quit();
      killed = await rig.start([volumeId]);
      await killed.write(0, 9 * MiB, { byte: 0x43, lengthBytes: MiB });
      await killed.io(0, 'flush');
    } else {
      await killed.io(0, 'flush');
    }
    await killed.kill();

    const again = await rig.start([volumeId]);
    await again.write(0, 20 * MiB, { byte: 0x44, lengthBytes: MiB });
    const view = one(await volumes.freeze([second], again.instanceId));
    expect(view.baseMapId).toBe(originMapId);
    const later = when === 'in a later run' ? [[9, 1]] : [];
    expect(await changedMiB(view)).toEqual([[1, 1], [4, 1], ...later, [20, 1]]);
    await volumes.thaw([second], 'captured', again.instanceId);

    const third = { ...second, snapshotId: id.snapshot(3), sinceSnapshotId: id.snapshot(2) };
    await again.write(0, 30 * MiB, { byte: 0x45, lengthBytes: MiB });
    const next = one(await volumes.freeze([third], again.instanceId));
    expect(await changedMiB(next)).toEqual([[30, 1]]);
    await volumes.thaw([third], 'captured', again.instanceId);
  },
);

test('two views of one volume outlive the orderly end of their machine, each with its own content', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  const third = { ...second, snapshotId: id.snapshot(3) };
  await volumes.freeze([second], machine.instanceId);
  await machine.write(0, 4 * MiB, { byte: 0x51, lengthBytes: MiB });
  await volumes.freeze([third], machine.instanceId);
  await machine.write(0, 4 * MiB, { byte: 0x52, lengthBytes: MiB });
  await machine.write(0, 9 * MiB, { byte: 0x52, lengthBytes: MiB });
  await machine.quit();

  const a = one(await volumes.freeze([second]));
  expect(a.fresh).toBe(false);
  const before = await readView(rig, a);
  expect([4, 9].map((offset) => at(before, offset))).toEqual([0x42, 0]);
  await volumes.thaw([second], 'captured');
  const waiting = { ...third, sinceSnapshotId: id.snapshot(2), sinceMapId: id.map(102) };
  const b = one(await volumes.freeze([waiting]));
  expect(b.fresh).toBe(false);
  const after = await readView(rig, b);
  expect([4, 9].map((offset) => at(after, offset))).toEqual([0x51, 0]);
  await volumes.thaw([waiting], 'captured');
  expect(await fleeces(rig)).toEqual([]);
  expect(await processesWith(`${rig.directory}/run/`)).toEqual([]);
});

test('a disk at rest is frozen by its bitmap, and no machine starts on it meanwhile', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await machine.quit();
  const view = one(await volumes.freeze([second]));
  expect(view.baseMapId).toBe(id.map(101));
  expect(await changedMiB(view)).toEqual([[4, 1]]);
  expect(at(await readView(rig, view), 4)).toBe(0x42);
  await expect(volumes.blockdevChain({ volumeId })).rejects.toThrow(DiskFrozenError);
  await expect(volumes.grow(volumeId, 2 * diskBytes)).rejects.toThrow(DiskFrozenError);

  // A new control plane finds it, and ends it.
  expect(view.fresh).toBe(true);
  expect(one(await rig.volumes().freeze([second]))).toEqual({ ...view, fresh: false });
  await rig.volumes().thaw([second], 'captured');
  await rig.volumes().thaw([second], 'captured');
  expect(await processesWith(`${rig.directory}/run/`)).toEqual([]);
  expect(await readdir(join(rig.directory, 'run'))).toEqual([]);

  const again = await rig.start([volumeId]);
  await again.write(0, 9 * MiB, { byte: 0x43, lengthBytes: MiB });
  const third = { ...second, snapshotId: id.snapshot(3), sinceSnapshotId: id.snapshot(2) };
  const next = one(await volumes.freeze([third], again.instanceId));
  expect(await changedMiB(next)).toEqual([[9, 1]]);
  await volumes.thaw([third], 'captured', again.instanceId);
});

test('a first snapshot at rest reports what the overlay has, or all data of a disk without origin', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  const empty: FreezeVolume = { volumeId: id.volume(2), snapshotId: id.snapshot(8) };
  await volumes.create({ volumeId: empty.volumeId, sizeBytes: diskBytes });
  await machine.quit();
  const views = await volumes.freeze([{ ...first, snapshotId: id.snapshot(7) }, empty]);
  expect(await Promise.all(views.map(changedMiB))).toEqual([
    [
      [1, 1],
      [4, 1],
    ],
    [],
  ]);
  expect(views.map(({ baseMapId }) => baseMapId)).toEqual([originMapId, undefined]);
  await volumes.thaw([{ ...first, snapshotId: id.snapshot(7) }, empty], 'abandoned');
  expect(await processesWith(`${rig.directory}/run/`)).toEqual([]);
});

test('a view outlives the orderly end of its machine', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await volumes.freeze([second], machine.instanceId);
  await machine.write(0, 4 * MiB, { byte: 0x99, lengthBytes: MiB });
  await machine.write(0, 6 * MiB, { byte: 0x99, lengthBytes: MiB });
  await machine.quit();

  const view = one(await volumes.freeze([second]));
  expect(view.fresh).toBe(false);
  const bytes = await readView(rig, view);
  expect([1, 4, 6].map((offset) => at(bytes, offset))).toEqual([0x41, 0x42, 0x11]);
  expect(view.baseMapId).toBe(id.map(101));
  expect(await changedMiB(view)).toEqual(expect.arrayContaining([[4, 1]]));
  await volumes.thaw([second], 'captured');
  expect(await fleeces(rig)).toEqual([]);

  const again = await rig.start([volumeId]);
  const third = { ...second, snapshotId: id.snapshot(3), sinceSnapshotId: id.snapshot(2) };
  const next = one(await volumes.freeze([third], again.instanceId));
  expect(await changedMiB(next)).toEqual([
    [4, 1],
    [6, 1],
  ]);
  await volumes.thaw([third], 'captured', again.instanceId);
});

test('views of a paused machine are read, made and thawed like those of one that runs', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await volumes.freeze([second], machine.instanceId);
  await machine.write(0, 6 * MiB, { byte: 0x99, lengthBytes: MiB });
  await machine.execute('stop');

  const view = one(await volumes.freeze([second], machine.instanceId));
  expect(view.fresh).toBe(false);
  expect(at(await readView(rig, view), 6)).toBe(0x11);
  await volumes.thaw([second], 'captured', machine.instanceId);
  const third = { ...second, snapshotId: id.snapshot(3), sinceSnapshotId: id.snapshot(2) };
  const next = one(await volumes.freeze([third], machine.instanceId));
  expect(at(await readView(rig, next), 6)).toBe(0x99);
  expect(await changedMiB(next)).toEqual([[6, 1]]);
  await volumes.thaw([third], 'captured', machine.instanceId);
});

test('a view that was killed with its machine is frozen again, and right', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await volumes.freeze([second], machine.instanceId);
  await machine.write(0, 6 * MiB, { byte: 0x99, lengthBytes: MiB });
  await machine.io(0, 'flush');
  await machine.kill();

  const view = one(await volumes.freeze([second]));
  expect(view.fresh).toBe(true);
  expect(await fleeces(rig)).toEqual([]);
  expect(view.baseMapId).toBe(originMapId);
  expect(at(await readView(rig, view), 6)).toBe(0x99);
  expect(await changedMiB(view)).toEqual([
    [1, 1],
    [4, 1],
    [6, 1],
  ]);
  await volumes.thaw([second], 'captured');
  expect(await fleeces(rig)).toEqual([]);
});

test('a view of an earlier run is not believed after another run wrote', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await volumes.freeze([second], machine.instanceId);
  await machine.write(0, 6 * MiB, { byte: 0x98, lengthBytes: MiB });
  await machine.quit();
  const again = await rig.start([volumeId]);
  await again.write(0, 10 * MiB, { byte: 0x99, lengthBytes: MiB });
  await again.quit();

  const bytes = await readView(rig, one(await volumes.freeze([second])));
  expect([6, 10].map((offset) => at(bytes, offset))).toEqual([0x98, 0x99]);
  await volumes.thaw([second], 'abandoned');
});

test.each(['captured', 'abandoned'] as const)(
  'a thaw (%s) works when the machine is gone',
  async (outcome) => {
    const { rig, volumes, machine } = await capturedOnce();
    await volumes.freeze([second], machine.instanceId);
    await machine.write(0, 6 * MiB, { byte: 0x98, lengthBytes: MiB });
    await machine.quit();
    await volumes.thaw([second], outcome, machine.instanceId);
    await volumes.thaw([second], outcome, machine.instanceId);
    expect(await fleeces(rig)).toEqual([]);

    const again = await rig.start([volumeId]);
    const base = outcome === 'captured' ? second : first;
    const third = { ...second, snapshotId: id.snapshot(3), sinceSnapshotId: base.snapshotId };
    const view = one(await volumes.freeze([third], again.instanceId));
    expect(view.baseMapId).toBe(id.map(101));
    const changed =
      outcome === 'captured'
        ? [[6, 1]]
        : [
            [4, 1],
            [6, 1],
          ];
    expect(await changedMiB(view)).toEqual(changed);
    await volumes.thaw([third], 'captured', again.instanceId);
  },
);

test('a sweep takes views that nobody waits for, and no others', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await volumes.freeze([second], machine.instanceId);
  const instanceIds = [machine.instanceId];
  const wanted = new Set([second.snapshotId]);
  expect(await volumes.sweep({ wanted, instanceIds })).toEqual([]);
  const dry = await volumes.sweep({ wanted: new Set(), instanceIds, dryRun: true });
  expect(dry.map(({ what }) => what)).toEqual(['view', 'fleece']);
  await rig.volumes().sweep({ wanted: new Set(), instanceIds });
  expect(await fleeces(rig)).toEqual([]);
  expect(await volumes.sweep({ wanted: new Set(), instanceIds })).toEqual([]);
  await machine.quit();

  await volumes.freeze([second]);
  expect(await volumes.sweep({ wanted, instanceIds: [] })).toEqual([]);
  const resting = await volumes.sweep({ wanted: new Set(), instanceIds: [] });
  expect(resting.map(({ what }) => what)).toEqual(['view', 'daemon']);
  expect(await processesWith(`${rig.directory}/run/`)).toEqual([]);
});

test('after a kill of the storage daemon a repeated freeze has the same content, the slow way', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await machine.quit();
  const before = one(await volumes.freeze([second]));
  await killDaemon(rig, volumeId);
  const after = one(await rig.volumes().freeze([second]));
  expect(before.baseMapId).toBe(id.map(101));
  expect(after.baseMapId).toBe(originMapId);
  expect(await changedMiB(after)).toEqual([
    [1, 1],
    [4, 1],
  ]);
  expect(at(await readView(rig, after), 4)).toBe(0x42);
  await volumes.thaw([second], 'captured');
});

test('a sweep removes the socket that a killed machine left', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await volumes.freeze([second], machine.instanceId);
  await machine.kill();
  const strays = await volumes.sweep({ wanted: new Set(), instanceIds: [] });
  expect(strays.map(({ what }) => what).sort()).toEqual(['fleece', 'socket']);
  expect(await readdir(join(rig.directory, 'run'))).toEqual([]);
});

test('a storage daemon that lost its files is ended before a new one starts', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await machine.quit();
  await volumes.freeze([second]);
  for (const name of await readdir(join(rig.directory, 'run'))) {
    await rm(join(rig.directory, 'run', name), { recursive: true });
  }
  const view = one(await rig.volumes().freeze([second]));
  expect(at(await readView(rig, view), 4)).toBe(0x42);
  expect(await processesWith(`${rig.directory}/run/`)).toHaveLength(1);
  await volumes.thaw([second], 'captured');
  expect(await processesWith(`${rig.directory}/run/`)).toEqual([]);
});

test('a machine that does not respond does not keep a sweep from the views of others', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes({ sweepTimeoutMs: 1_000 });
  const other: FreezeVolume = { volumeId: id.volume(2), snapshotId: id.snapshot(9), originMapId };
  for (const each of [first, other]) {
    await volumes.create({ volumeId: each.volumeId, sizeBytes: diskBytes, originMapId });
  }
  const hanging = await rig.start([volumeId], 1);
  const answering = await rig.start([other.volumeId], 2);
  await volumes.freeze([first], hanging.instanceId);
  await volumes.freeze([other], answering.instanceId);
  hanging.hang();
  const instanceIds = [hanging.instanceId, answering.instanceId];
  const views = (await volumes.sweep({ wanted: new Set(), instanceIds })).filter(
    ({ what }) => what === 'view',
  );
  expect(views.map(({ name }) => name)).toEqual([`${other.snapshotId} in ${answering.instanceId}`]);
}, 20_000);

test('who only asks what is stray ends no storage daemon that does not answer yet', async () => {
  const { rig, volumes, machine } = await capturedOnce();
  await machine.quit();
  const view = one(await volumes.freeze([second]));
  // As one that has its socket's name, and does not listen yet.
  const monitor = join(rig.directory, 'run', volumeId, 'qmp');
  await rm(monitor);
  await writeFile(monitor, '');
  expect(await volumes.sweep({ wanted: new Set(), instanceIds: [], dryRun: true })).toEqual([]);
  expect(at(await readView(rig, view), 4)).toBe(0x42);
  expect(await rig.volumes().sweep({ wanted: new Set(), instanceIds: [] })).toEqual([]);
  expect(await processesWith(`${rig.directory}/run/`)).toEqual([]);
});
