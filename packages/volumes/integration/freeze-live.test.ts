import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import type { FreezeVolume } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import {
  at,
  changedMiB,
  diskBytes,
  id,
  jailedUsers,
  type Machine,
  one,
  openedRig,
  originMapId,
  readView,
} from './rig.ts';

const first: FreezeVolume = {
  volumeId: id.volume(1),
  snapshotId: id.snapshot(1),
  originMapId,
};
/** The next snapshot of the same volume, whose bitmap counts from the first. */
const second: FreezeVolume = {
  ...first,
  snapshotId: id.snapshot(2),
  sinceSnapshotId: id.snapshot(1),
  sinceMapId: id.map(101),
};
test('a live view keeps still while the guest writes, and reports what the overlay has', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create({ volumeId: id.volume(1), sizeBytes: diskBytes, originMapId });
  const machine = await rig.start([id.volume(1)]);
  await machine.write(0, 1 * MiB, { byte: 0x41, lengthBytes: MiB });

  const view = one(await volumes.freeze([first], machine.instanceId));
  await machine.write(0, 1 * MiB, { byte: 0x42, lengthBytes: MiB });
  await machine.write(0, 4 * MiB, { byte: 0x43, lengthBytes: MiB });
  await machine.write(0, 40 * MiB, { byte: 0x44, lengthBytes: MiB });

  const bytes = await readView(rig, view);
  expect(bytes.length).toBe(diskBytes);
  expect([0, 1, 2, 4, 9, 15, 40].map((offset) => at(bytes, offset))).toEqual([
    0x11, 0x41, 0x11, 0x11, 0, 0x22, 0,
  ]);
  expect(view.baseMapId).toBe(originMapId);
  expect(await changedMiB(view)).toEqual(
    expect.arrayContaining([
      [1, 1],
      [4, 1],
      [40, 1],
    ]),
  );
  await volumes.thaw([first], 'captured', machine.instanceId);
});

test('the next view reports exactly what changed since the one before', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create({ volumeId: id.volume(1), sizeBytes: diskBytes, originMapId });
  const machine = await rig.start([id.volume(1)]);
  await machine.write(0, 1 * MiB, { byte: 0x41, lengthBytes: MiB });
  await volumes.freeze([first], machine.instanceId);
  await machine.write(0, 4 * MiB, { byte: 0x43, lengthBytes: MiB });
  await volumes.thaw([first], 'captured', machine.instanceId);
  await machine.write(0, 20 * MiB, { byte: 0x45, lengthBytes: 65536 });

  const view = one(await volumes.freeze([second], machine.instanceId));
  await machine.write(0, 30 * MiB, { byte: 0x46, lengthBytes: MiB });
  expect(view.baseMapId).toBe(id.map(101));
  expect(await changedMiB(view)).toEqual([
    [4, 1],
    [20, 1 / 16],
  ]);
  const bytes = await readView(rig, view);
  expect([1, 4, 20, 30].map((offset) => at(bytes, offset))).toEqual([0x41, 0x43, 0x45, 0]);
  await volumes.thaw([second], 'captured', machine.instanceId);
});

/** Writes 1, 2, 3 … to each of four disks in turn, with 32 writes waiting in QEMU's line. */
async function writeInTurns(machine: Machine, isDone: () => boolean): Promise<void> {
  const waiting: Promise<void>[] = [];
  for (let n = 1; !isDone(); n = (n % 250) + 1) {
    for (const disk of [0, 1, 2, 3])
      waiting.push(machine.write(disk, 0, { byte: n, lengthBytes: 4096 }));
    while (waiting.length >= 32) await waiting.shift();
  }
  await Promise.all(waiting);
}

test('all volumes are frozen at one instant, while the guest writes one after the other', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  const all = [1, 2, 3, 4].map(
    (n): FreezeVolume => ({
      volumeId: id.volume(n),
      snapshotId: id.snapshot(n),
    }),
  );
  for (const { volumeId } of all) await volumes.create({ volumeId, sizeBytes: diskBytes });
  const machine = await rig.start(all.map(({ volumeId }) => volumeId));
  // QEMU does one after the other; many wait in line, so that some would fall between two freezes.
  let isDone = false;
  const guest = writeInTurns(machine, () => isDone);
  try {
    for (let round = 0; round < 10; round += 1) {
      const views = await volumes.freeze(all, machine.instanceId);
      const [a = 0, b = 0, c = 0, d = 0] = await Promise.all(
        views.map(async (view) => at(await readView(rig, view), 0)),
      );
      expect([a - b, b - c, c - d].filter((step) => ![0, 1, -249].includes(step))).toEqual([]);
      expect([0, 1, -249]).toContain(a - d);
      expect(views.map(({ baseMapId }) => baseMapId)).toEqual(all.map(() => undefined));
      await volumes.thaw(all, 'abandoned', machine.instanceId);
    }
  } finally {
    isDone = true;
    await guest;
  }
});

test('a new control plane finds the view that is there, with its content', async () => {
  const rig = await openedRig();
  await rig.volumes().create({ volumeId: id.volume(1), sizeBytes: diskBytes, originMapId });
  const machine = await rig.start([id.volume(1)]);
  await machine.write(0, MiB, { byte: 0x41, lengthBytes: MiB });
  const before = one(await rig.volumes().freeze([first], machine.instanceId));
  await machine.write(0, MiB, { byte: 0x42, lengthBytes: MiB });

  // Killed after the transaction and before the export, and then once more after all was done.
  await machine.execute('block-export-del', { id: first.snapshotId, mode: 'hard' });
  for (const _ of ['without export', 'complete']) {
    const after = one(await rig.volumes().freeze([first], machine.instanceId));
    // Not fresh: it is the earlier view.
    expect(after).toEqual({ ...before, fresh: false });
    expect(at(await readView(rig, after), 1)).toBe(0x41);
  }
  await rig.volumes().thaw([first], 'captured', machine.instanceId);
});

test('what was half set up by a killed control plane is taken down, and frozen again', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  const both: readonly FreezeVolume[] = [
    first,
    { ...first, volumeId: id.volume(2), snapshotId: id.snapshot(9) },
  ];
  for (const { volumeId } of both) {
    await volumes.create({ volumeId, sizeBytes: diskBytes, originMapId });
  }
  const machine = await rig.start([id.volume(1), id.volume(2)]);
  await volumes.freeze(both, machine.instanceId);
  // One view of two is gone: the instant is, too.
  await volumes.thaw(both.slice(0, 1), 'abandoned', machine.instanceId);
  await machine.write(1, MiB, { byte: 0x61, lengthBytes: MiB });
  const views = await rig.volumes().freeze(both, machine.instanceId);
  const bytes = await Promise.all(views.map((view) => readView(rig, view)));
  expect(bytes.map((content) => at(content, 1))).toEqual([0x11, 0x61]);
  await volumes.thaw(both, 'captured', machine.instanceId);
});

test('an abandoned freeze leaves the count of changes as if it had never been', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create({ volumeId: id.volume(1), sizeBytes: diskBytes, originMapId });
  const machine = await rig.start([id.volume(1)]);
  await volumes.freeze([first], machine.instanceId);
  await volumes.thaw([first], 'captured', machine.instanceId);
  await machine.write(0, 2 * MiB, { byte: 0x41, lengthBytes: MiB });
  await volumes.freeze([second], machine.instanceId);
  await machine.write(0, 5 * MiB, { byte: 0x42, lengthBytes: MiB });
  await volumes.thaw([second], 'abandoned', machine.instanceId);
  await volumes.thaw([second], 'abandoned', machine.instanceId);
  await machine.write(0, 8 * MiB, { byte: 0x43, lengthBytes: MiB });

  const third = { ...second, snapshotId: id.snapshot(3) };
  const view = one(await volumes.freeze([third], machine.instanceId));
  expect(view.baseMapId).toBe(id.map(101));
  expect(await changedMiB(view)).toEqual([
    [2, 1],
    [5, 1],
    [8, 1],
  ]);
  await volumes.thaw([third], 'captured', machine.instanceId);
});

test('two snapshots of one volume may be under way at once, each with its own content', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create({ volumeId: id.volume(1), sizeBytes: diskBytes, originMapId });
  const machine = await rig.start([id.volume(1)]);
  await volumes.freeze([first], machine.instanceId);
  await volumes.thaw([first], 'captured', machine.instanceId);
  const third = { ...second, snapshotId: id.snapshot(3) };
  await machine.write(0, MiB, { byte: 0x41, lengthBytes: MiB });
  const a = one(await volumes.freeze([second], machine.instanceId));
  await machine.write(0, MiB, { byte: 0x42, lengthBytes: MiB });
  await machine.write(0, 3 * MiB, { byte: 0x42, lengthBytes: MiB });
  const b = one(await volumes.freeze([third], machine.instanceId));
  await machine.write(0, MiB, { byte: 0x43, lengthBytes: MiB });

  expect(at(await readView(rig, a), 1)).toBe(0x41);
  expect(at(await readView(rig, b), 1)).toBe(0x42);
  expect(await changedMiB(a)).toEqual([[1, 1]]);
  expect(await changedMiB(b)).toEqual([
    [1, 1],
    [3, 1],
  ]);
  await volumes.thaw([second], 'captured', machine.instanceId);
  expect(at(await readView(rig, b), 1)).toBe(0x42);
  await volumes.thaw([third], 'captured', machine.instanceId);
  expect(await volumes.sweep({ wanted: new Set(), instanceIds: [machine.instanceId] })).toEqual([]);
});

test('what the guest zeroes and discards changes the next view, not the one that is read', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create({ volumeId: id.volume(1), sizeBytes: diskBytes, originMapId });
  const machine = await rig.start([id.volume(1)]);
  await machine.write(0, MiB, { byte: 0x41, lengthBytes: MiB });
  const view = one(await volumes.freeze([first], machine.instanceId));
  // While a view is read QEMU drops discards, which are advice; zeros are written.
  await machine.io(0, 'discard 0 4M');
  await machine.io(0, 'write -z -u 15M 1M');
  const bytes = await readView(rig, view);
  expect([0, 1, 15].map((offset) => at(bytes, offset))).toEqual([0x11, 0x41, 0x22]);
  await volumes.thaw([first], 'captured', machine.instanceId);
  await machine.io(0, 'discard 0 4M');

  const next = one(await volumes.freeze([second], machine.instanceId));
  expect(await changedMiB(next)).toEqual([
    [0, 4],
    [15, 1],
  ]);
  const after = await readView(rig, next);
  expect([0, 1, 4, 15].map((offset) => at(after, offset))).toEqual([0, 0, 0x11, 0]);
  await volumes.thaw([second], 'abandoned', machine.instanceId);
});

test('a freeze is refused while the block server is away, and the guest goes on', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes({ settleTimeoutMs: 2000 });
  await volumes.create({ volumeId: id.volume(1), sizeBytes: diskBytes, originMapId });
  const machine = await rig.start([id.volume(1)]);
  await rig.stopOrigin();
  const isAway = { name: 'BlockStoreUnreachableError' };
  await expect(volumes.freeze([first], machine.instanceId)).rejects.toMatchObject(isAway);
  await rm(`${rig.directory}/origin/nbd`, { force: true });
  await expect(volumes.freeze([first], machine.instanceId)).rejects.toMatchObject(isAway);
  await rig.restartOrigin();
  const view = one(await volumes.freeze([first], machine.instanceId));
  expect(at(await readView(rig, view), 0)).toBe(0x11);
  await volumes.thaw([first], 'captured', machine.instanceId);
});

test('nobody else can read or reach what is made: disks, views, sockets', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  const resting: FreezeVolume = { volumeId: id.volume(2), snapshotId: id.snapshot(9), originMapId };
  for (const { volumeId } of [first, resting]) {
    await volumes.create({ volumeId, sizeBytes: diskBytes, originMapId });
  }
  const machine = await rig.start([first.volumeId]);
  await volumes.freeze([first], machine.instanceId);
  await volumes.freeze([resting]);
  const folders = ['run', 'x'.repeat(120)].map((name) => join(rig.directory, name));
  const entries = await Promise.all(
    folders.map((path) => readdir(path, { recursive: true, withFileTypes: true })),
  );
  const paths = entries.flat().map(({ parentPath, name }) => join(parentPath, name));
  const open = [];
  for (const path of paths) {
    const { mode, gid } = await stat(path);
    // The group of what a jail has is that jail's own user.
    const others = gid >= jailedUsers.first ? 0o007 : 0o077;
    if ((mode & others) !== 0) open.push(path);
  }
  expect(paths.filter((path) => path.endsWith('.qcow2')).length).toBeGreaterThanOrEqual(3);
  expect(open).toEqual([]);
});
