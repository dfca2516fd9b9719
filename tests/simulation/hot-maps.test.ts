import { hourMs, secondMs } from '@bakehouse/base';
import type { BlockMapId, SnapshotId, VolumeId } from '@bakehouse/domain';
import { FakeWorld, settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { faultAtEachCall, type Scenario } from './fault-at-each-call.ts';
import { attach, launch, makeVolume, outputOf, snapshotOf, zone } from './scenes.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

interface Source {
  readonly snapshotId: SnapshotId;
  readonly mapId: BlockMapId;
}

/** A snapshot with a word in it, whose volume no longer exists. */
async function source(run: PlatformRun, world: FakeWorld): Promise<Source> {
  const sourceId = await makeVolume(run);
  world.volumes.write(sourceId, 0, 'content');
  const snapshotId = await snapshotOf(run, sourceId);
  await run.rest();
  // As its baseline it would hold the snapshot's map.
  outputOf(await run.call('DeleteVolume', { VolumeId: sourceId }));
  await run.rest();
  const snapshot = await world.metadata.read((tx) => tx.get('snapshot', snapshotId));
  return { snapshotId, mapId: snapshot?.mapId ?? 'map-none' };
}

/** Lets time pass until `isDone`, or the platform has died. */
async function until(
  world: FakeWorld,
  { life }: Pick<PlatformRun, 'life'>,
  isDone: () => Promise<boolean>,
): Promise<void> {
  for (let step = 0; step < 300 && !life.isOver; step += 1) {
    await settle();
    if (await isDone()) return;
    await world.clock.advance(secondMs);
  }
  if (!life.isOver) throw new Error('it does not come to pass');
}

const isHot = async (world: FakeWorld, mapId: BlockMapId) =>
  (await world.hot.list()).some((each) => each.mapId === mapId);

async function fastRestores(world: FakeWorld) {
  return await world.metadata.read((tx) => tx.list('fastRestore'));
}

const isIn = async (world: FakeWorld, state: string) =>
  (await fastRestores(world)).every((each) => each.state === state);

const pairOf = ({ snapshotId }: Source) => ({
  AvailabilityZones: [zone],
  SourceSnapshotIds: [snapshotId],
});

async function settledRestores(world: FakeWorld, run: PlatformRun): Promise<void> {
  await until(world, run, async () =>
    (await fastRestores(world)).every(({ state }) => ['enabled', 'disabled'].includes(state)),
  );
}

/** An `enabled` record has a hot map, and a volume that was restored fast reads from one. */
async function restoresAreTrue(world: FakeWorld, facts: Source, run: PlatformRun): Promise<void> {
  await settledRestores(world, run);
  for (const { state } of await fastRestores(world)) {
    if (state === 'enabled') expect(await isHot(world, facts.mapId)).toBe(true);
  }
  const volumes = await world.metadata.read((tx) => tx.list('volume'));
  for (const { id } of volumes.filter(({ fastRestored }) => fastRestored)) {
    expect(world.hot.isBehind(id)).toBe(true);
    expect(world.volumes.contents(id).get(0)).toBe('content');
  }
  await checkWorld(world);
}

const scenarios: Record<string, Scenario<Source>> = {
  'fast restores are enabled, used and disabled': {
    prepare: source,
    async act(run, facts, world) {
      await run.call('EnableFastSnapshotRestores', pairOf(facts));
      await until(world, run, () => isIn(world, 'enabled'));
      await run.call('CreateVolume', { AvailabilityZone: zone, SnapshotId: facts.snapshotId });
      await run.rest();
      await run.call('DisableFastSnapshotRestores', pairOf(facts));
      await until(world, run, () => isIn(world, 'disabled'));
    },
    verdict: restoresAreTrue,
  },
  'the snapshot of fast restores is deleted': {
    prepare: source,
    async act(run, facts, world) {
      await run.call('EnableFastSnapshotRestores', pairOf(facts));
      await until(world, run, () => isIn(world, 'enabled'));
      await run.call('DeleteSnapshot', { SnapshotId: facts.snapshotId });
      await run.rest();
      await until(world, run, () => isIn(world, 'disabled'));
    },
    async verdict(world, facts, run) {
      await restoresAreTrue(world, facts, run);
      const snapshot = await world.metadata.read((tx) => tx.get('snapshot', facts.snapshotId));
      if (!snapshot) expect(await world.hot.list()).toEqual([]);
    },
  },
};

test.each(Object.entries(scenarios))('%s: a fault at each call leaves a whole', async (_, each) => {
  expect(await faultAtEachCall(each)).toBeGreaterThan(10);
});

async function started(seed: string) {
  const world = new FakeWorld({ seed });
  const run = await startPlatform(world);
  return { world, run, facts: await source(run, world) };
}

async function makeVolumes(run: PlatformRun, { snapshotId }: Source, count: number) {
  const made: VolumeId[] = [];
  for (let n = 0; n < count; n += 1) made.push(await makeVolume(run, snapshotId));
  return made;
}

test('the third disk of a map makes it hot; the fourth reads it, and the first when it is opened', async () => {
  const { world, run, facts } = await started('launches');
  const { instanceId } = await launch(run, world);
  const [first] = await makeVolumes(run, facts, 2);
  await world.clock.advance(60 * secondMs);
  expect(await isHot(world, facts.mapId)).toBe(false);
  await makeVolumes(run, facts, 1);
  await until(world, run, () => isHot(world, facts.mapId));
  const [fourth] = await makeVolumes(run, facts, 1);
  if (!first || !fourth) throw new Error('two volumes');
  expect([first, fourth].map((id) => world.hot.isBehind(id))).toEqual([false, true]);
  await attach(run, instanceId, first);
  expect(world.hot.isBehind(first)).toBe(true);
  expect(world.volumes.read(first, 0)).toBe('content');
  await checkWorld(world);
});

test('when the disk gets full a hot map is dropped, unless a running machine has it', async () => {
  const { world, run, facts } = await started('pressure');
  const { instanceId } = await launch(run, world);
  await makeVolumes(run, facts, 3);
  await until(world, run, () => isHot(world, facts.mapId));
  const [volumeId] = await makeVolumes(run, facts, 1);
  if (!volumeId) throw new Error('a volume');
  await attach(run, instanceId, volumeId);
  world.hot.roomBytes = { ...world.hot.roomBytes, freeBytes: 0 };
  for (let seconds = 0; seconds < 60; seconds += 1) {
    await world.clock.advance(secondMs);
    await settle();
  }
  expect(await world.hot.usersOf(facts.mapId)).toEqual([volumeId]);
  outputOf(await run.call('DetachVolume', { VolumeId: volumeId }));
  await run.rest();
  await until(world, run, async () => !(await isHot(world, facts.mapId)));
  expect(world.volumes.contents(volumeId).get(0)).toBe('content');
  await checkWorld(world);
});

test('a volume that was restored fast keeps its hot map, also when the disk gets full', async () => {
  const { world, run, facts } = await started('pinned');
  outputOf(await run.call('EnableFastSnapshotRestores', pairOf(facts)));
  await until(world, run, () => isIn(world, 'enabled'));
  const volumeId = await makeVolume(run, facts.snapshotId);
  await run.rest();
  outputOf(await run.call('DisableFastSnapshotRestores', pairOf(facts)));
  world.hot.roomBytes = { ...world.hot.roomBytes, freeBytes: 0 };
  await until(world, run, () => isIn(world, 'disabled'));
  for (let seconds = 0; seconds < 60; seconds += 1) {
    await world.clock.advance(secondMs);
    await settle();
  }
  expect(world.hot.isBehind(volumeId)).toBe(true);
  outputOf(await run.call('DeleteVolume', { VolumeId: volumeId }));
  await run.rest();
  await until(world, run, async () => !(await isHot(world, facts.mapId)));
});

test('disabling fast restores ends them while the file is being made, and ends that, too', async () => {
  const { world, run, facts } = await started('disabled');
  const make = world.hot.make.bind(world.hot);
  const signals: AbortSignal[] = [];
  world.hot.make = async (_, { signal }) => {
    signals.push(signal);
    await world.clock.sleep(hourMs, signal);
  };
  outputOf(await run.call('EnableFastSnapshotRestores', pairOf(facts)));
  await until(world, run, async () => signals.length === 1 && (await isIn(world, 'optimizing')));
  outputOf(await run.call('DisableFastSnapshotRestores', pairOf(facts)));
  for (let seconds = 0; seconds < 10; seconds += 1) await world.clock.advance(secondMs);
  expect(await isIn(world, 'disabled')).toBe(true);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  world.hot.make = make;
  outputOf(await run.call('EnableFastSnapshotRestores', pairOf(facts)));
  await until(world, run, () => isIn(world, 'enabled'));
});

test('after a start of the host the map is checked, and a damaged one is made again', async () => {
  const { world, run, facts } = await started('checks');
  outputOf(await run.call('EnableFastSnapshotRestores', pairOf(facts)));
  await until(world, run, () => isIn(world, 'enabled'));
  run.life.end();
  world.hot.hostStarted();
  world.hot.damage(facts.mapId);
  const next = await startPlatform(world);
  await until(world, next, () => isIn(world, 'optimizing'));
  await until(world, next, () => isIn(world, 'enabled'));
  const volumeId = await makeVolume(next, facts.snapshotId);
  expect(world.hot.isBehind(volumeId)).toBe(true);
  expect(world.volumes.contents(volumeId).get(0)).toBe('content');
});

test('a map of which nothing is left is not hot, either', async () => {
  const { world, run, facts } = await started('pruned');
  const made = await makeVolumes(run, facts, 3);
  await until(world, run, () => isHot(world, facts.mapId));
  for (const id of made) outputOf(await run.call('DeleteVolume', { VolumeId: id }));
  await run.rest();
  outputOf(await run.call('DeleteSnapshot', { SnapshotId: facts.snapshotId }));
  await run.rest();
  expect(await world.hot.list()).toEqual([]);
  await checkWorld(world);
});
