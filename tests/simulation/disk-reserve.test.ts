import { GiB, MiB, secondMs } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import { FakeWorld, FaultPlan } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { launch, makeVolume, outputOf, snapshotOf } from './scenes.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

const reservedBytes = GiB;
const stepMs = 250;

async function guests(seed: string, count: number, plan?: FaultPlan) {
  const world = new FakeWorld({ seed, room: { totalBytes: 20 * GiB, reservedBytes } });
  const run = await startPlatform(world, plan);
  const ids: InstanceId[] = [];
  for (let n = 0; n < count; n += 1) ids.push((await launch(run, world)).instanceId);
  return { world, run, ids };
}

/** Lets guests write so many bytes a second, as far as they run. Returns the least room that there was. */
async function write(
  world: FakeWorld,
  speeds: ReadonlyMap<InstanceId, number>,
  seconds: number,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let ms = 0; ms < seconds * secondMs; ms += stepMs) {
    for (const [id, speed] of speeds) world.compute.grow(id, (speed * stepMs) / secondMs);
    least = Math.min(least, world.room?.freeBytes ?? 0);
    await world.clock.advance(stepMs);
  }
  return least;
}

const stateOf = async (run: PlatformRun, id: InstanceId) => {
  const found = outputOf(await run.call('DescribeInstances', { InstanceIds: [id] }));
  return found.Reservations?.[0]?.Instances?.[0]?.State?.Name;
};
const statusOf = async (run: PlatformRun, id: InstanceId) => {
  const request = { InstanceIds: [id] };
  const found = outputOf(await run.call('DescribeInstanceStatus', request));
  const { InstanceStatus, AttachedEbsStatus } = found.InstanceStatuses?.[0] ?? {};
  return [InstanceStatus?.Status, AttachedEbsStatus?.Status];
};
const recorded = async (world: FakeWorld, id: InstanceId) =>
  (await world.metadata.read((tx) => tx.get('instance', id)))?.status?.pausedBecause;

async function paused(world: FakeWorld): Promise<readonly InstanceId[]> {
  return (await world.compute.list()).flatMap(({ instanceId, state }) =>
    state === 'paused' ? [instanceId] : [],
  );
}

/** What a user deletes elsewhere on the disk. */
function free(world: FakeWorld, bytes: number): void {
  if (world.room) world.room.otherBytes -= bytes;
}

test('a guest that fills the disk is paused by name; others and the platform go on, and so does it with room', async () => {
  const { world, run, ids } = await guests('one', 3);
  const [hog, modest, idle] = ids as [InstanceId, InstanceId, InstanceId];
  const speeds = new Map([
    [hog, 500 * MiB],
    [modest, MiB],
  ]);
  expect(await write(world, speeds, 120)).toBeGreaterThan(reservedBytes / 2);
  expect(await paused(world)).toEqual([hog]);
  expect(await stateOf(run, hog)).toBe('running');
  expect(await statusOf(run, hog)).toEqual(['impaired', 'impaired']);
  const why = /its disks grew most: \d+ MiB in .* \/data .*free at least 1280 MiB/;
  expect((await world.compute.stalled()).get(hog)).toMatch(why);
  expect(await recorded(world, hog)).toMatch(why);
  for (const id of [modest, idle]) expect(await recorded(world, id)).toBeUndefined();

  // What makes room, and all other work, goes on; what needs room is refused.
  outputOf<object>(await run.call('CreateKeyPair', { KeyName: 'key' }));
  const volume = { AvailabilityZone: 'us-east-1a', Size: 1 };
  expect(await run.call('CreateVolume', volume)).toEqual({
    kind: 'refused',
    code: 'InsufficientVolumeCapacity',
  });

  free(world, GiB / 8);
  await write(world, new Map(), 10);
  expect(await paused(world)).toEqual([hog]);
  free(world, 5 * GiB);
  await write(world, new Map(), 3);
  expect(await paused(world)).toEqual([]);
  expect(await recorded(world, hog)).toBeUndefined();
  await makeVolume(run);
  await checkWorld(world);
});

test('several are paused one after the other, and the last one goes on first', async () => {
  const { world, ids } = await guests('several', 3);
  const [a, b, c] = ids as [InstanceId, InstanceId, InstanceId];
  const speeds = new Map([
    [a, 200 * MiB],
    [b, 400 * MiB],
    [c, 100 * MiB],
  ]);
  expect(await write(world, speeds, 60)).toBeGreaterThan(reservedBytes / 2);
  expect(await world.compute.held()).toEqual([b, a, c]);
  free(world, 5 * GiB);
  await write(world, new Map(), 3);
  expect(await world.compute.held()).toEqual([b, a]);
  await write(world, new Map(), 5);
  expect(await world.compute.held()).toEqual([b]);
  await write(world, new Map(), 6);
  expect(await world.compute.held()).toEqual([]);
});

test('the next server keeps it paused until there is room', async () => {
  const { world, run, ids } = await guests('restart', 2);
  const [hog, other] = ids as [InstanceId, InstanceId];
  await write(world, new Map([[hog, 500 * MiB]]), 60);
  run.life.end();
  const next = await startPlatform(world);
  await write(world, new Map([[other, MiB]]), 30);
  expect(await world.compute.held()).toEqual([hog]);
  expect(await stateOf(next, hog)).toBe('running');
  expect(await statusOf(next, hog)).toEqual(['impaired', 'impaired']);
  free(world, 5 * GiB);
  await write(world, new Map(), 10);
  expect(await paused(world)).toEqual([]);
  await checkWorld(world);
});

test.each([
  ['terminate', 'TerminateInstances', 'terminated'],
  ['stop', 'StopInstances', 'stopped'],
] as const)('%s of a paused guest ends it', async (_, verb, state) => {
  const { world, run, ids } = await guests(verb, 1);
  const [hog] = ids as [InstanceId];
  await write(world, new Map([[hog, 500 * MiB]]), 60);
  expect(await paused(world)).toEqual([hog]);
  outputOf<object>(await run.call(verb, { InstanceIds: [hog] }));
  await run.rest();
  expect(await stateOf(run, hog)).toBe(state);
  expect(await world.compute.list()).toEqual([]);
  await checkWorld(world);
});

test('a paused guest that is rebooted stays paused, and boots when there is room', async () => {
  const { world, run, ids } = await guests('reboot', 1);
  const [hog] = ids as [InstanceId];
  await write(world, new Map([[hog, 500 * MiB]]), 60);
  outputOf<object>(await run.call('RebootInstances', { InstanceIds: [hog] }));
  await run.rest();
  expect(world.compute.machines()).toMatchObject([{ boots: 2, state: 'paused' }]);
  free(world, 5 * GiB);
  await write(world, new Map(), 10);
  expect(world.compute.machines()).toMatchObject([{ boots: 2, state: 'running' }]);
  await checkWorld(world);
});

test('a hot map goes before a guest is paused', async () => {
  const { world, run, ids } = await guests('hot', 1);
  const [hog] = ids as [InstanceId];
  const sourceId = await makeVolume(run);
  world.volumes.write(sourceId, 0, 'content');
  const snapshotId = await snapshotOf(run, sourceId);
  await run.rest();
  for (let n = 0; n < 3; n += 1) await makeVolume(run, snapshotId);
  await write(world, new Map(), 30);
  expect(await world.hot.list()).toHaveLength(1);
  await write(world, new Map([[hog, 18.9 * GiB]]), 1);
  world.hot.roomBytes = { totalBytes: 2 * GiB, freeBytes: 1.1 * GiB };
  await write(world, new Map(), 30);
  expect(await paused(world)).toEqual([]);
  expect(await world.hot.list()).toEqual([]);
});

const hangs = [
  ['hangs', { isGivenUp: false }],
  ['is known to hang', { isGivenUp: true }],
] as const;

test.each(hangs)('a guest that %s holds up nobody: the next one is paused', async (_, how) => {
  const { world, ids } = await guests('hangs', 2);
  const [hung, hog] = ids as [InstanceId, InstanceId];
  await write(world, new Map([[hung, 200 * MiB]]), 80);
  world.compute.hang(hung, how);
  expect(await write(world, new Map([[hog, 100 * MiB]]), 60)).toBeGreaterThan(reservedBytes / 2);
  expect(await world.compute.held()).toEqual([hog]);
});

test.each(hangs)('a paused guest whose machine %s keeps no other one paused', async (_, how) => {
  const { world, ids } = await guests('hangs-paused', 2);
  const [first, last] = ids as [InstanceId, InstanceId];
  const speeds = new Map([
    [first, 400 * MiB],
    [last, 200 * MiB],
  ]);
  await write(world, speeds, 60);
  expect(await world.compute.held()).toEqual([first, last]);
  world.compute.hang(last, how);
  free(world, 5 * GiB);
  await write(world, new Map(), 10);
  expect(await world.compute.held()).toEqual([last]);
});

test('a machine that obeys and responds too late is paused, and goes on, once', async () => {
  const late = ['hold', 'release'].map((member) => ({
    ...{ port: 'compute', member, call: 1, fault: 'after' as const },
  }));
  const plan = new FaultPlan(late);
  const { world, ids } = await guests('late', 2, plan);
  const [hog, modest] = ids as [InstanceId, InstanceId];
  const speeds = new Map([
    [hog, 500 * MiB],
    [modest, MiB],
  ]);
  expect(await write(world, speeds, 60)).toBeGreaterThan(reservedBytes / 2);
  // Whether the first one obeys is not known, so the next one is paused, too.
  expect(await world.compute.held()).toEqual([hog, modest]);
  free(world, 5 * GiB);
  await write(world, new Map(), 10);
  expect(await paused(world)).toEqual([]);
  const changes = plan.calls.filter((call) => /^compute\.(hold|release)$/.test(call));
  expect(changes).toEqual(['hold', 'hold', 'release', 'release'].map((each) => `compute.${each}`));
  await checkWorld(world);
});
