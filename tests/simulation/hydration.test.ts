import type { SnapshotId, VolumeId } from '@bakehouse/domain';
import { FakeWorld, settle } from '@bakehouse/fakes';
import { adminHandlers, firstAccountId } from '@bakehouse/orchestration';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { faultAtEachCall, type Scenario } from './fault-at-each-call.ts';
import { attach, launch, type Machine, makeVolume, outputOf, snapshotOf, zone } from './scenes.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

interface Bench extends Machine {
  readonly snapshotId: SnapshotId;
  /** Of the snapshot, and thin. */
  readonly volumeId: VolumeId;
}

/** A running instance, and a volume of a snapshot with a word in it. */
async function bench(run: PlatformRun, world: FakeWorld): Promise<Bench> {
  const machine = await launch(run, world);
  const sourceId = await makeVolume(run);
  world.volumes.write(sourceId, 0, 'content');
  const snapshotId = await snapshotOf(run, sourceId);
  await run.rest();
  outputOf(await run.call('DeleteVolume', { VolumeId: sourceId }));
  await run.rest();
  return { ...machine, snapshotId, volumeId: await makeVolume(run, snapshotId) };
}

async function benchWithAttached(run: PlatformRun, world: FakeWorld): Promise<Bench> {
  const made = await bench(run, world);
  await attach(run, made.instanceId, made.volumeId);
  return made;
}

/** Asks as `bakehouse hydrate --no-wait` does; a failure is the caller's to see. */
async function askToHydrate(run: PlatformRun, volumeId: VolumeId): Promise<void> {
  const context = run.plane.adminContext(
    { accountId: firstAccountId, region: 'us-east-1' },
    new AbortController().signal,
  );
  const asked = adminHandlers.Hydrate(context, { volumeId, wait: false }, () => {});
  await Promise.race([asked.catch(() => {}), settle()]);
}

/** Lets time pass until no volume is being filled. */
async function filled(world: FakeWorld, run: PlatformRun): Promise<void> {
  for (let step = 0; step < 600 && !run.life.isOver; step += 1) {
    await settle();
    const volumes = await world.metadata.read((tx) => tx.list('volume'));
    if (!volumes.some(({ initialization }) => initialization?.state === 'initializing')) return;
    await world.clock.advance(200);
  }
  if (!run.life.isOver) throw new Error('a volume is not filled');
}

async function recordOf(world: FakeWorld, volumeId: VolumeId) {
  return await world.metadata.read((tx) => tx.get('volume', volumeId));
}

/** Filled, whole, and free of the snapshot that it came from. */
async function independent(world: FakeWorld, { volumeId, snapshotId }: Bench, run: PlatformRun) {
  await filled(world, run);
  const volume = await recordOf(world, volumeId);
  if (volume?.initialization === undefined) return;
  expect(volume).toMatchObject({ initialization: { state: 'completed', progressPercent: 100 } });
  expect(volume.originMapId).toBeUndefined();
  outputOf(await run.call('DeleteSnapshot', { SnapshotId: snapshotId }));
  await run.rest();
  expect(world.volumes.contents(volumeId).get(0)).toBe('content');
  await checkWorld(world);
}

const scenarios: Record<string, Scenario<Bench>> = {
  'hydration at rest': {
    prepare: bench,
    async act(run, { volumeId }, world) {
      await askToHydrate(run, volumeId);
      await filled(world, run);
    },
    verdict: independent,
  },
  'hydration in a machine': {
    prepare: benchWithAttached,
    async act(run, { volumeId }, world) {
      await askToHydrate(run, volumeId);
      await filled(world, run);
    },
    verdict: independent,
  },
  'a launch with VolumeInitializationRate': {
    prepare: bench,
    async act(run, { snapshotId }, world) {
      const image = (await world.metadata.read((tx) => tx.list('image')))[0];
      const Ebs = { SnapshotId: snapshotId, VolumeInitializationRate: 200 };
      await run.call('RunInstances', {
        ImageId: image?.id ?? '',
        InstanceType: 't3.micro',
        MinCount: 1,
        MaxCount: 1,
        BlockDeviceMappings: [{ DeviceName: '/dev/sdg', Ebs }],
      });
      await run.rest();
      await filled(world, run);
    },
    async verdict(world, { snapshotId }, run) {
      await filled(world, run);
      const made = await world.metadata.read((tx) => tx.list('volume'));
      for (const volume of made.filter(({ initialization }) => initialization)) {
        expect(volume).toMatchObject({ snapshotId, initialization: { state: 'completed' } });
        expect(volume.originMapId).toBeUndefined();
      }
    },
  },
  'hydration and a detachment at once': {
    prepare: benchWithAttached,
    async act(run, { volumeId }, world) {
      await askToHydrate(run, volumeId);
      await run.call('DetachVolume', { VolumeId: volumeId });
      await filled(world, run);
    },
    verdict: independent,
  },
};

test.each(Object.entries(scenarios))('%s: a fault at each call leaves a whole', async (_, each) => {
  expect(await faultAtEachCall(each)).toBeGreaterThan(3);
});

async function started(seed: string): Promise<{ world: FakeWorld; run: PlatformRun }> {
  const world = new FakeWorld({ seed });
  return { world, run: await startPlatform(world) };
}

/** Hydrations that copy until they are cancelled; returns what was asked for and what yielded. */
function slowHydrations(world: FakeWorld) {
  const seen: string[] = [];
  const quick = world.volumes.hydrate.bind(world.volumes);
  world.volumes.hydrate = async (_, instanceId, { signal }) => {
    seen.push(`begun ${instanceId ? 'in a machine' : 'at rest'}`);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    seen.push('gave way');
    return false;
  };
  const hasten = () => {
    world.volumes.hydrate = quick;
  };
  return { seen, hasten };
}

test('launches stay thin, and so does a volume of a snapshot, until it is asked for', async () => {
  const { world, run } = await started('thin');
  const { rootId, volumeId } = await bench(run, world);
  await filled(world, run);
  for (const id of [rootId, volumeId]) {
    expect((await recordOf(world, id))?.originMapId).toBeDefined();
    expect(await world.volumes.localBytes(id)).toBe(0);
  }
});

test('work in its lane interrupts a hydration, which goes on where the disk is then', async () => {
  const { world, run } = await started('gives way');
  const { volumeId, instanceId } = await bench(run, world);
  const { seen, hasten } = slowHydrations(world);
  await askToHydrate(run, volumeId);
  const once = async (act: () => Promise<unknown>, place: string) => {
    seen.length = 0;
    await act();
    await run.rest();
    await settle();
    expect(seen).toEqual(['gave way', `begun ${place}`]);
  };
  await settle();
  expect(seen).toEqual(['begun at rest']);
  await once(() => snapshotOf(run, volumeId), 'at rest');
  await once(() => attach(run, instanceId, volumeId), 'in a machine');
  await once(() => run.call('ModifyVolume', { VolumeId: volumeId, Size: 2 }), 'in a machine');
  await once(() => run.call('StopInstances', { InstanceIds: [instanceId] }), 'at rest');
  await once(() => run.call('StartInstances', { InstanceIds: [instanceId] }), 'in a machine');
  await once(() => run.call('DetachVolume', { VolumeId: volumeId }), 'at rest');
  hasten();
  outputOf(await run.call('DeleteVolume', { VolumeId: volumeId }));
  await run.rest();
  expect(seen.at(-1)).toBe('gave way');
  expect(await recordOf(world, volumeId)).toBeUndefined();
  await checkWorld(world);
});

test('a snapshot of a volume that was filled meanwhile is right, with bitmaps kept and lost', async () => {
  const { world, run } = await started('snapshot of filled');
  const { volumeId, snapshotId } = await bench(run, world);
  world.volumes.write(volumeId, 1, 'mine');
  await snapshotOf(run, volumeId);
  await run.rest();
  await askToHydrate(run, volumeId);
  await filled(world, run);
  await run.rest();
  outputOf(await run.call('DeleteSnapshot', { SnapshotId: snapshotId }));
  for (const lost of [false, true]) {
    if (lost) world.volumes.loseBitmaps();
    world.volumes.write(volumeId, 2, `later ${lost}`);
    const id = await snapshotOf(run, volumeId);
    await run.rest();
    const copy = world.volumes.contents(await makeVolume(run, id));
    expect([...copy].sort()).toEqual([
      [0, 'content'],
      [1, 'mine'],
      [2, `later ${lost}`],
    ]);
  }
});

test('DescribeVolumeStatus reports it, and VolumeInitializationRate asks for it', async () => {
  const { world, run } = await started('status');
  const { snapshotId } = await bench(run, world);
  const { hasten } = slowHydrations(world);
  const request = { AvailabilityZone: zone, SnapshotId: snapshotId, VolumeInitializationRate: 100 };
  const made = outputOf(await run.call('CreateVolume', request));
  expect(made.VolumeInitializationRate).toBe(100);
  await run.rest();
  const status = async () => {
    const answer = await run.call('DescribeVolumeStatus', { VolumeIds: [made.VolumeId ?? ''] });
    const [found] = outputOf(answer).VolumeStatuses ?? [];
    const state = found?.VolumeStatus?.Details?.find(({ Name: n }) => n === 'initialization-state');
    return { state: state?.Status, ...found?.InitializationStatusDetails };
  };
  const type = { InitializationType: 'provisioned-rate' };
  expect(await status()).toEqual({
    ...{ ...type, state: 'initializing' },
    Progress: 0,
    EstimatedTimeToCompleteInSeconds: 11,
  });
  hasten();
  outputOf(await run.call('ModifyVolume', { VolumeId: made.VolumeId ?? '', Size: 2 }));
  await filled(world, run);
  expect(await status()).toEqual({
    ...{ ...type, state: 'completed' },
    Progress: 100,
    EstimatedTimeToCompleteInSeconds: 0,
  });
});
