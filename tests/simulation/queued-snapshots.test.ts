import { minuteMs } from '@bakehouse/base';
import type { InstanceId, SnapshotId, VolumeId } from '@bakehouse/domain';
import { FakeWorld } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { faultAtEachCall, type Scenario } from './fault-at-each-call.ts';
import { attach, contentOf, launch, makeVolume, outputOf, snapshotOf } from './scenes.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

/** Longer than any reply waits. */
const captureMs = 2 * minuteMs;

interface Scene {
  readonly world: FakeWorld;
  readonly run: PlatformRun;
  readonly instanceId: InstanceId;
  readonly rootId: VolumeId;
  readonly dataId: VolumeId;
}

const slowCaptures = (world: FakeWorld, takeMs: number) => {
  const capture = world.snapshots.capture.bind(world.snapshots);
  world.snapshots.capture = async (...call) => {
    await world.clock.sleep(takeMs);
    return await capture(...call);
  };
};

async function scene(seed: string, takeMs = captureMs): Promise<Scene> {
  const world = new FakeWorld({ seed });
  const run = await startPlatform(world);
  const machine = await launch(run, world);
  const dataId = await makeVolume(run);
  await attach(run, machine.instanceId, dataId);
  slowCaptures(world, takeMs);
  return { world, run, dataId, ...machine };
}

const record = (world: FakeWorld, id: string | undefined) =>
  world.metadata.read((tx) => tx.get('snapshot', id as SnapshotId));

/** Each returns the snapshot of the root volume. */
const requests: Record<string, (scene: Scene) => Promise<SnapshotId>> = {
  CreateSnapshot: ({ run, rootId }) => snapshotOf(run, rootId),
  async CreateSnapshots({ run, instanceId, rootId }) {
    const request = { InstanceSpecification: { InstanceId: instanceId } };
    const { Snapshots = [] } = outputOf(await run.call('CreateSnapshots', request));
    return Snapshots.find(({ VolumeId }) => VolumeId === rootId)?.SnapshotId as SnapshotId;
  },
  async 'CreateImage without reboot'({ run, world, instanceId, rootId }) {
    const request = { InstanceId: instanceId, Name: 'queued', NoReboot: true };
    const { ImageId } = outputOf(await run.call('CreateImage', request));
    const where = { volume: [rootId], state: ['pending'] };
    const pending = await world.metadata.read((tx) => tx.list('snapshot', { where }));
    const made = pending.find(({ origin }) => 'imageId' in origin && origin.imageId === ImageId);
    return made?.id as SnapshotId;
  },
};

test.each(Object.entries(requests))(
  '%s of a volume that another capture reads for minutes is pending, with the content of the call',
  async (_, take) => {
    const it = await scene('queued');
    const { world, run, rootId } = it;
    world.volumes.write(rootId, 0, 'first');
    const first = await snapshotOf(run, rootId);
    world.volumes.write(rootId, 0, 'second');
    const calledAt = world.clock.now();
    const second = await take(it);
    expect(world.clock.now() - calledAt).toBeLessThan(1_000);
    expect(await record(world, second)).toMatchObject({ state: 'pending', instant: 'fixed' });
    world.volumes.write(rootId, 0, 'after');
    expect((await contentOf(run, world, second)).get(0)).toBe('second');
    expect((await contentOf(run, world, first)).get(0)).toBe('first');
    for (const id of [first, second]) expect((await record(world, id))?.state).toBe('completed');
    expect(world.volumes.openFreezes).toEqual([]);
    await checkWorld(world);
  },
);

test('five snapshots of a volume wait in line, each with its own content; a sixth is refused', async () => {
  const { world, run, rootId } = await scene('five');
  const taken: SnapshotId[] = [];
  for (let n = 1; n <= 5; n += 1) {
    world.volumes.write(rootId, 0, `${n}`);
    world.volumes.write(rootId, n, `only ${n}`);
    taken.push(await snapshotOf(run, rootId));
    world.volumes.write(rootId, n, undefined);
  }
  expect(await run.call('CreateSnapshot', { VolumeId: rootId })).toEqual({
    kind: 'refused',
    code: 'ConcurrentSnapshotLimitExceeded',
  });
  await run.rest();
  for (const [index, id] of taken.entries()) {
    const content = await contentOf(run, world, id);
    const marks = [1, 2, 3, 4, 5].map((n) => content.get(n));
    expect(content.get(0)).toBe(`${index + 1}`);
    expect(marks.findIndex((mark) => mark !== undefined)).toBe(index);
  }
  await checkWorld(world);
});

test('a snapshot behind a detachment waits for it, as the volume moves meanwhile', async () => {
  const { world, run, dataId } = await scene('detach ahead');
  await snapshotOf(run, dataId);
  outputOf<object>(await run.call('DetachVolume', { VolumeId: dataId }));
  expect(await run.call('CreateSnapshot', { VolumeId: dataId })).toEqual({
    kind: 'refused',
    code: 'IncorrectState',
  });
  await run.rest();
  await checkWorld(world);
});

/** What comes while one snapshot is read and another one waits. */
const meanwhile: Record<string, (scene: Scene, first: SnapshotId) => Promise<unknown>> = {
  'a termination': ({ run, instanceId }) =>
    run.call('TerminateInstances', { InstanceIds: [instanceId] }),
  'a forced stop': ({ run, instanceId }) =>
    run.call('StopInstances', { InstanceIds: [instanceId], Force: true }),
  'a detachment': ({ run, dataId }) => run.call('DetachVolume', { VolumeId: dataId }),
  'a crash of the guest': async ({ world, instanceId }) =>
    world.compute.exit(instanceId, 'guest-shutdown'),
  'a deletion of the first': ({ run }, first) => run.call('DeleteSnapshot', { SnapshotId: first }),
};

test.each(Object.entries(meanwhile))(
  '%s leaves the waiting snapshot its content',
  async (_, act) => {
    const it = await scene('meanwhile');
    const { world, run, dataId } = it;
    world.volumes.write(dataId, 0, 'first');
    const first = await snapshotOf(run, dataId);
    world.volumes.write(dataId, 0, 'second');
    const waiting = await snapshotOf(run, dataId);
    world.volumes.write(dataId, 0, 'after');
    await act(it, first);
    await run.rest();
    expect((await record(world, waiting))?.state).toBe('completed');
    expect((await contentOf(run, world, waiting)).get(0)).toBe('second');
    expect(world.volumes.openFreezes).toEqual([]);
    await checkWorld(world);
  },
);

test('a waiting snapshot that is deleted goes when it is complete', async () => {
  const { world, run, rootId } = await scene('deleted');
  await snapshotOf(run, rootId);
  const waiting = await snapshotOf(run, rootId);
  outputOf<object>(await run.call('DeleteSnapshot', { SnapshotId: waiting }));
  await run.rest();
  expect(await record(world, waiting)).toBeUndefined();
  expect(world.volumes.openFreezes).toEqual([]);
  await checkWorld(world);
});

test('the server dies while one is read and one waits: the next server completes both', async () => {
  const { world, run, rootId } = await scene('killed');
  world.volumes.write(rootId, 0, 'first');
  const first = await snapshotOf(run, rootId);
  world.volumes.write(rootId, 0, 'second');
  const second = await snapshotOf(run, rootId);
  world.volumes.write(rootId, 0, 'after');
  run.life.end();
  const next = await startPlatform(world);
  expect((await contentOf(next, world, first)).get(0)).toBe('first');
  expect((await contentOf(next, world, second)).get(0)).toBe('second');
  await checkWorld(world);
});

test('a freeze ahead that fails is done by the capture in its turn', async () => {
  const { world, run, rootId } = await scene('fails', 20_000);
  await snapshotOf(run, rootId);
  const freeze = world.volumes.freeze.bind(world.volumes);
  world.volumes.freeze = async () => {
    world.volumes.freeze = freeze;
    world.volumes.write(rootId, 0, 'meanwhile');
    throw new Error('QEMU refuses');
  };
  const calledAt = world.clock.now();
  const asked = run.call('CreateSnapshot', { VolumeId: rootId });
  const { SnapshotId, StartTime } = outputOf(await asked);
  expect(StartTime?.getTime()).toBeGreaterThanOrEqual(calledAt + 20_000);
  world.volumes.write(rootId, 0, 'after');
  expect((await contentOf(run, world, SnapshotId as SnapshotId)).get(0)).toBe('meanwhile');
  await checkWorld(world);
});

const scenario: Scenario<{ readonly rootId: VolumeId }> = {
  prepare: launch,
  async act(run, { rootId }, world) {
    world.volumes.write(rootId, 0, 'first');
    const [one, two] = [
      run.call('CreateSnapshot', { VolumeId: rootId }),
      run.call('CreateSnapshot', { VolumeId: rootId }),
    ];
    await one;
    await two;
  },
  async verdict(world, { rootId }) {
    const where = { volume: [rootId] };
    for (const each of await world.metadata.read((tx) => tx.list('snapshot', { where }))) {
      expect(['completed', 'error']).toContain(each.state);
    }
    expect(world.volumes.openFreezes).toEqual([]);
  },
};

test('two snapshots of one volume at once: a fault at each call leaves a whole', async () => {
  expect(await faultAtEachCall(scenario)).toBeGreaterThan(20);
});
