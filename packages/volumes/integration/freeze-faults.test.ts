import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import type { FreezeVolume } from '@bakehouse/domain';
import { QmpClosedError } from '@bakehouse/qmp';
import { expect, test } from 'vitest';
import { at, changedMiB, id, type Machine, openedRig, type Rig, readView } from './rig.ts';

/** Snapshots of two volumes, and the next snapshots of the same volumes. */
const volumeIds = [id.volume(1), id.volume(2)];
const first = volumeIds.map(
  (volumeId, n): FreezeVolume => ({ volumeId, snapshotId: id.snapshot(10 + n) }),
);
const second = first.map(
  ({ volumeId, snapshotId }, n): FreezeVolume => ({
    volumeId,
    snapshotId: id.snapshot(20 + n),
    sinceSnapshotId: snapshotId,
    sinceMapId: id.map(10 + n),
  }),
);

interface Scene {
  readonly rig: Rig;
  readonly machine: Machine;
}

async function fill(machine: Machine, offsetMiB: number, byte: number): Promise<void> {
  for (const disk of [0, 1]) {
    await machine.write(disk, offsetMiB * MiB, { byte, lengthBytes: MiB });
  }
}

/** A machine whose two volumes were captured once; then one MiB at 2 was written. */
async function capturedOnce(): Promise<Scene> {
  const rig = await openedRig();
  const volumes = rig.volumes();
  for (const volumeId of volumeIds) await volumes.create({ volumeId, sizeBytes: 16 * MiB });
  const machine = await rig.start(volumeIds);
  await fill(machine, 1, 0x11);
  await volumes.freeze(first, machine.instanceId);
  await volumes.thaw(first, 'captured', machine.instanceId);
  await fill(machine, 2, 0x22);
  return { rig, machine };
}

/** True when the work was cut short. */
async function isCut(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof QmpClosedError) return true;
    throw error;
  }
}

/** The content of both views, which must be the same; their changes are what was written since the first snapshots. */
async function readViews({ rig, machine }: Scene): Promise<Buffer> {
  const views = await rig.volumes().freeze(second, machine.instanceId);
  // The guest goes on writing; the view must not show it.
  await fill(machine, 5, 0x55);
  const [changes, [a = Buffer.alloc(0), b = Buffer.alloc(0)]] = await Promise.all([
    Promise.all(views.map(changedMiB)),
    Promise.all(views.map((view) => readView(rig, view))),
  ]);
  for (const changed of changes) expect(changed[0]).toEqual([2, 1]);
  expect(a.equals(b)).toBe(true);
  expect([1, 2].map((offset) => at(a, offset))).toEqual([0x11, 0x22]);
  return a;
}

/** Nothing is left but the disks and the bitmaps that count from these snapshots. */
async function expectClean({ rig, machine }: Scene, counting: readonly FreezeVolume[]) {
  const nodes = (await machine.execute('query-named-block-nodes', { flat: true })) as {
    'node-name': string;
    'dirty-bitmaps'?: { name?: string }[];
  }[];
  const bitmaps = nodes.flatMap((node) => (node['dirty-bitmaps'] ?? []).map(({ name }) => name));
  const folder = join(rig.directory, 'x'.repeat(120), 'volumes');
  const files = await readdir(folder, { recursive: true });
  expect({
    nodes: nodes.map((node) => node['node-name']).filter((name) => name.startsWith('snap-')),
    bitmaps: bitmaps.sort(),
    jobs: await machine.execute('query-jobs'),
    exports: await machine.execute('query-block-exports'),
    fleeces: files.filter((name) => name.includes('fleece')),
  }).toEqual({
    nodes: [],
    bitmaps: counting.map(({ snapshotId }) => `since-${snapshotId}`),
    jobs: [],
    exports: [],
    fleeces: [],
  });
}

/** Cuts the work after 0, 1, 2 … commands, until it ends by itself. */
async function atEachCommand(round: (commands: number) => Promise<boolean>): Promise<void> {
  let commands = 0;
  while (await round(commands)) commands += 1;
  // Three queries, four nodes, six bitmaps, the server, the transaction, two exports at least.
  expect(commands).toBeGreaterThan(15);
}

test('a freeze that is cut at any command is done again, and is of one instant', async () => {
  const scene = await capturedOnce();
  const { rig, machine } = scene;
  await atEachCommand(async (commands) => {
    const dying = rig.dyingVolumes(commands);
    const cut = await isCut(dying.freeze(second, machine.instanceId));
    await readViews(scene);
    await rig.volumes().thaw(second, 'abandoned', machine.instanceId);
    await expectClean(scene, first);
    return cut;
  });
}, 300_000);

test('a freeze that is cut at any command is swept, as if it had never been', async () => {
  const scene = await capturedOnce();
  const { rig, machine } = scene;
  const request = { wanted: new Set<never>(), instanceIds: [machine.instanceId] };
  await atEachCommand(async (commands) => {
    const dying = rig.dyingVolumes(commands);
    const cut = await isCut(dying.freeze(second, machine.instanceId));
    await rig.volumes().sweep(request);
    expect(await rig.volumes().sweep(request)).toEqual([]);
    await expectClean(scene, first);
    return cut;
  });
  const bytes = await readViews(scene);
  expect(at(bytes, 2)).toBe(0x22);
}, 300_000);

test('a thaw that is cut at any command is done again, and the next snapshot counts from it', async () => {
  const scene = await capturedOnce();
  const { rig, machine } = scene;
  let captured = first;
  let round = 0;
  let isOver = false;
  while (!isOver) {
    round += 1;
    const next = captured.map(
      ({ volumeId, snapshotId }, n): FreezeVolume => ({
        volumeId,
        snapshotId: id.snapshot(100 * round + n),
        sinceSnapshotId: snapshotId,
        sinceMapId: id.map(n + 1),
      }),
    );
    await fill(machine, 6 + (round % 8), round);
    const views = await rig.volumes().freeze(next, machine.instanceId);
    for (const view of views) {
      expect(await changedMiB(view)).toContainEqual([6 + (round % 8), 1]);
    }
    const dying = rig.dyingVolumes(round - 1);
    isOver = !(await isCut(dying.thaw(next, 'captured', machine.instanceId)));
    await rig.volumes().thaw(next, 'captured', machine.instanceId);
    await expectClean(scene, next);
    captured = next;
  }
  expect(round).toBeGreaterThan(8);
}, 300_000);
