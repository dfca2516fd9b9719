import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { MiB } from '@bakehouse/base';
import type { FreezeVolume } from '@bakehouse/domain';
import { expect, test } from 'vitest';
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
const disk = { volumeId, sizeBytes: diskBytes, originMapId };
const first: FreezeVolume = { volumeId, snapshotId: id.snapshot(1), originMapId };
const second: FreezeVolume = {
  ...first,
  snapshotId: id.snapshot(2),
  sinceSnapshotId: id.snapshot(1),
  sinceMapId: id.map(101),
};
const never = { signal: new AbortController().signal };
const daemons = (rig: Rig) => processesWith(`${rig.directory}/run/${volumeId}`);

/** Until the daemon streams: a hydration that is under way. */
async function streams(rig: Rig): Promise<void> {
  const endsAt = Date.now() + 30_000;
  while ((await daemons(rig)).length === 0) {
    if (Date.now() > endsAt) throw new Error('no storage daemon comes');
  }
}

test('a disk at rest is filled with reported progress, and no longer needs its origin', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes({ hydrateBytesPerSecond: 32 * MiB });
  await volumes.create(disk);
  const seen: number[] = [];
  const onProgress = ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }) => {
    expect(totalBytes).toBe(diskBytes);
    seen.push(doneBytes);
  };
  expect(await volumes.hydrate(volumeId, undefined, { ...never, onProgress })).toBe(true);
  expect(seen.length).toBeGreaterThan(1);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(await daemons(rig)).toEqual([]);
  expect(await volumes.hydrate(volumeId, undefined, never)).toBe(true);
  await rig.stopOrigin();
  const view = one(await volumes.freeze([first]));
  expect(view.baseMapId).toBeUndefined();
  const bytes = await readView(rig, view);
  expect([0, 7, 9, 15, 16].map((offset) => at(bytes, offset))).toEqual([0x11, 0x11, 0, 0x22, 0]);
  await volumes.thaw([first], 'captured');
  const machine = await rig.start([volumeId]);
  await machine.quit();
});

test('what was written stays, and what was counted stays counted', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create(disk);
  const machine = await rig.start([volumeId]);
  await machine.write(0, MiB, { byte: 0x41, lengthBytes: MiB });
  await volumes.freeze([first], machine.instanceId);
  await volumes.thaw([first], 'captured', machine.instanceId);
  await machine.write(0, 3 * MiB, { byte: 0x42, lengthBytes: MiB });
  await machine.quit();
  expect(await volumes.hydrate(volumeId, undefined, never)).toBe(true);
  await rig.stopOrigin();
  const view = one(await volumes.freeze([second]));
  expect(view.baseMapId).toBe(id.map(101));
  expect(await changedMiB(view)).toEqual([[3, 1]]);
  const bytes = await readView(rig, view);
  expect([0, 1, 3, 15].map((offset) => at(bytes, offset))).toEqual([0x11, 0x41, 0x42, 0x22]);
  await volumes.thaw([second], 'abandoned');
});

test('it gives way to a freeze, a resize, a machine, a removal and an end, and is taken up again', async () => {
  const rig = await openedRig();
  const slowly = rig.volumes({ hydrateBytesPerSecond: MiB });
  await slowly.create(disk);
  const begin = async () => {
    const hydrating = slowly.hydrate(volumeId, undefined, never);
    await streams(rig);
    return { ended: async () => expect(await hydrating).toBe(false) };
  };
  const frozen = await begin();
  const view = one(await slowly.freeze([first]));
  await frozen.ended();
  expect(at(await readView(rig, view), 15)).toBe(0x22);
  expect(await slowly.hydrate(volumeId, undefined, never)).toBe(false);
  await slowly.thaw([first], 'captured');

  const resized = await begin();
  await slowly.grow(volumeId, 2 * diskBytes);
  await resized.ended();

  const started = await begin();
  await slowly.blockdevChain({ volumeId });
  await started.ended();
  const machine = await rig.start([volumeId]);
  await machine.quit();

  const ended = await begin();
  await slowly.endHydration(volumeId);
  await ended.ended();
  expect(await daemons(rig)).toEqual([]);
  await slowly.endHydration(volumeId);

  const removed = await begin();
  await slowly.remove(volumeId);
  await removed.ended().catch((error: Error) => expect(error.message).toContain(volumeId));
  expect(await daemons(rig)).toEqual([]);
});

/** What is on the disk of the volume at rest, without its origin. */
async function bytesAtRest(rig: Rig): Promise<Buffer> {
  await rig.stopOrigin();
  const bytes = await readView(rig, one(await rig.volumes().freeze([first])));
  await rig.volumes().thaw([first], 'abandoned');
  return bytes;
}

test('a machine that is killed as soon as its disk is whole leaves a whole disk', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create(disk);
  const machine = await rig.start([volumeId]);
  await machine.write(0, 3 * MiB, { byte: 0x42, lengthBytes: MiB });
  await volumes.freeze([first], machine.instanceId);
  await volumes.thaw([first], 'captured', machine.instanceId);
  expect(await volumes.hydrate(volumeId, machine.instanceId, never)).toBe(true);
  await machine.kill();
  const bytes = await bytesAtRest(rig);
  const expected = Buffer.alloc(diskBytes);
  expected
    .fill(0x11, 0, 8 * MiB)
    .fill(0x42, 3 * MiB, 4 * MiB)
    .fill(0x22, 15 * MiB, 16 * MiB);
  expect(bytes.equals(expected)).toBe(true);
});

test('a storage daemon that is killed as soon as the disk forgets its origin leaves a whole disk', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create(disk);
  const record = join(rig.directory, 'x'.repeat(120), 'volumes', volumeId, 'disk.json');
  const killed = Promise.withResolvers<void>();
  // The rename that puts the record in place is the moment at which the origin is forgotten.
  const watcher = watch(dirname(record), () => {
    if (readFileSync(record, 'utf8').includes(originMapId)) return;
    watcher.close();
    void killDaemon(rig, volumeId).then(killed.resolve);
  });
  await Promise.all([volumes.hydrate(volumeId, undefined, never).catch(() => {}), killed.promise]);
  const bytes = await bytesAtRest(rig);
  expect([0, 7, 9, 15, 16].map((offset) => at(bytes, offset))).toEqual([0x11, 0x11, 0, 0x22, 0]);
});

/** Another process begins to hydrate, and is killed when it does. */
async function killedHydration(rig: Rig, ...monitor: string[]): Promise<void> {
  const script = new URL('hydrating-process.ts', import.meta.url).pathname;
  const { directory } = rig;
  const folders = [join(directory, 'x'.repeat(120), 'volumes'), `${directory}/run`];
  const args = [script, ...folders, `${directory}/origin/nbd`, volumeId, ...monitor];
  const child = spawn(execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await gone;
}

test('one whose control plane died is no stray while it may be wanted, and starts again', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes();
  await volumes.create(disk);
  const request = { wanted: new Set<never>(), instanceIds: [] };
  await killedHydration(rig);
  expect(await volumes.sweep({ ...request, dryRun: true })).toEqual([]);
  expect(await volumes.sweep(request)).toEqual([{ what: 'daemon', name: volumeId }]);
  expect(await daemons(rig)).toEqual([]);
  expect(await volumes.hydrate(volumeId, undefined, never)).toBe(true);
});

test('a machine goes on with what a killed control plane began: it is taken up, or ended', async () => {
  const rig = await openedRig();
  const volumes = rig.volumes({ hydrateBytesPerSecond: MiB });
  await volumes.create(disk);
  const machine = await rig.start([volumeId]);
  const jobs = async () => JSON.stringify(await machine.execute('query-jobs'));
  await killedHydration(rig, `${rig.directory}/machines/${machine.instanceId}/disks`);
  expect(await jobs()).toContain('"stream"');
  await volumes.endHydration(volumeId, machine.instanceId);
  expect(await jobs()).toBe('[]');
  await volumes.endHydration(volumeId, machine.instanceId);
  await killedHydration(rig, `${rig.directory}/machines/${machine.instanceId}/disks`);
  await machine.execute('block-job-set-speed', { device: `hydrate-${volumeId}`, speed: 0 });
  expect(await volumes.hydrate(volumeId, machine.instanceId, never)).toBe(true);
  await volumes.endHydration(volumeId, id.instance(9));
  await machine.quit();
  expect(at(await bytesAtRest(rig), 15)).toBe(0x22);
});

test('a block server that does not answer holds up nobody who wants the disk', async () => {
  const rig = await openedRig();
  const impatient = rig.volumes({ settleTimeoutMs: 1000, qmpTimeoutMs: 2000, openSeconds: 1 });
  await impatient.create(disk);
  await rig.stopOrigin();
  // It listens and says nothing, as a server does that hangs.
  await rm(`${rig.directory}/origin/nbd`, { force: true });
  const mute = createServer(() => {}).listen(`${rig.directory}/origin/nbd`);
  await once(mute, 'listening');
  const failing = impatient.hydrate(volumeId, undefined, never).catch((error: Error) => error);
  await impatient.endHydration(volumeId);
  expect(await failing).not.toBe(true);
  mute.close();
  expect(await daemons(rig)).toEqual([]);
}, 60_000);
