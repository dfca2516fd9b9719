import { MiB } from '@bakehouse/base';
import type { FreezeVolume, FrozenVolume } from '@bakehouse/domain';
import { expect, onTestFinished, test } from 'vitest';
import { changedMiB, diskBytes, id, openRig, originMapId, type Rig, readView } from './rig.ts';

async function openedRig(): Promise<Rig> {
  const rig = await openRig();
  onTestFinished(() => rig[Symbol.asyncDispose]());
  return rig;
}

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
const one = (views: readonly FrozenVolume[]): FrozenVolume => {
  const [view] = views;
  if (!view || views.length > 1) throw new Error(`${views.length} views`);
  return view;
};
const at = (bytes: Buffer, offsetMiB: number) => bytes[offsetMiB * MiB];

test('a live view keeps still while the guest writes, and tells what the overlay has', async () => {
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

test('the next view tells exactly what changed since the one before', async () => {
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
