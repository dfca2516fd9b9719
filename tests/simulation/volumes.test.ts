import type { SnapshotId, VolumeId } from '@bakehouse/domain';
import { FakeWorld } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { faultAtEachCall, type Scenario } from './fault-at-each-call.ts';
import {
  attach,
  contentOf,
  launch,
  type Machine,
  makeVolume,
  outputOf,
  snapshotOf,
  zone,
} from './scenes.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

interface Bench extends Machine {
  readonly volumeId: VolumeId;
}

/** A running instance and a volume that is free. */
async function free(run: PlatformRun, world: FakeWorld): Promise<Bench> {
  const machine = await launch(run, world);
  return { ...machine, volumeId: await makeVolume(run) };
}

/** The same, attached. */
async function attached(run: PlatformRun, world: FakeWorld): Promise<Bench> {
  const bench = await free(run, world);
  await attach(run, bench.instanceId, bench.volumeId);
  return bench;
}

const scenarios: Record<string, Scenario<Bench>> = {
  CreateVolume: {
    prepare: free,
    act: async (run) => void (await run.call('CreateVolume', { AvailabilityZone: zone, Size: 1 })),
    async verdict(world) {
      const volumes = await world.metadata.read((tx) => tx.list('volume'));
      for (const { state, stateMessage } of volumes) {
        if (state === 'error') expect(stateMessage).toMatch(/injected/);
      }
    },
  },
  'AttachVolume to a running instance': {
    prepare: free,
    act: async (run, { instanceId, volumeId }) =>
      void (await run.call('AttachVolume', {
        InstanceId: instanceId,
        VolumeId: volumeId,
        Device: '/dev/sdf',
      })),
    verdict: async () => {},
  },
  'DetachVolume from a running instance': {
    prepare: attached,
    act: async (run, { volumeId }) => void (await run.call('DetachVolume', { VolumeId: volumeId })),
    verdict: async () => {},
  },
  'ModifyVolume of a running instance': {
    prepare: attached,
    act: async (run, { volumeId }) =>
      void (await run.call('ModifyVolume', { VolumeId: volumeId, Size: 3 })),
    async verdict(world, { volumeId }) {
      const volume = await world.metadata.read((tx) => tx.get('volume', volumeId));
      const { state, statusMessage } = volume?.modification ?? {};
      if (state === 'failed') expect(statusMessage).toMatch(/injected/);
      else expect(state === undefined ? 1 : 3).toBe(volume?.sizeGiB);
    },
  },
  DeleteVolume: {
    prepare: free,
    act: async (run, { volumeId }) => void (await run.call('DeleteVolume', { VolumeId: volumeId })),
    verdict: async () => {},
  },
  'CreateSnapshots of a running instance': {
    prepare: attached,
    async act(run, { instanceId, volumeId }, world) {
      world.volumes.write(volumeId, 0, 'before');
      await run.call('CreateSnapshots', { InstanceSpecification: { InstanceId: instanceId } });
    },
    async verdict(world, { volumeId }, run) {
      const where = { volume: [volumeId] };
      for (const snapshot of await world.metadata.read((tx) => tx.list('snapshot', { where }))) {
        if (snapshot.state === 'error') expect(snapshot.stateMessage).toMatch(/injected/);
        else expect((await contentOf(run, world, snapshot.id)).get(0)).toBe('before');
      }
    },
  },
  'DeleteSnapshot while it is taken': {
    prepare: attached,
    async act(run, { volumeId }) {
      const made = await run.call('CreateSnapshot', { VolumeId: volumeId });
      if (made.kind !== 'returned') return;
      await run.call('DeleteSnapshot', { SnapshotId: made.output.SnapshotId ?? '' });
    },
    verdict: async () => {},
  },
};

test.each(Object.entries(scenarios))('%s: a fault at each call leaves a whole', async (_, each) => {
  expect(await faultAtEachCall(each)).toBeGreaterThan(3);
});

async function started(seed: string): Promise<{ world: FakeWorld; run: PlatformRun }> {
  const world = new FakeWorld({ seed });
  return { world, run: await startPlatform(world) };
}

test('a snapshot of a running volume has what was written before its answer and nothing after', async () => {
  const { world, run } = await started('instant');
  const { volumeId } = await attached(run, world);
  world.volumes.write(volumeId, 0, 'before');
  const snapshotId = await snapshotOf(run, volumeId);
  world.volumes.write(volumeId, 0, 'after');
  world.volumes.write(volumeId, 1, 'after');
  expect([...(await contentOf(run, world, snapshotId))]).toEqual([[0, 'before']]);
  expect(world.volumes.contents(volumeId).get(0)).toBe('after');
});

test.each(['kept', 'lost'])(
  'a later snapshot is right, with the dirty bitmaps %s',
  async (bitmaps) => {
    const { world, run } = await started('later');
    const { volumeId } = await attached(run, world);
    for (const index of [0, 1, 2]) world.volumes.write(volumeId, index, `first ${index}`);
    await contentOf(run, world, await snapshotOf(run, volumeId));
    if (bitmaps === 'lost') world.volumes.loseBitmaps();
    world.volumes.write(volumeId, 1, 'second');
    world.volumes.write(volumeId, 2, undefined);
    const second = await contentOf(run, world, await snapshotOf(run, volumeId));
    expect([...second]).toEqual([
      [0, 'first 0'],
      [1, 'second'],
    ]);
  },
);

test('a snapshot whose predecessor was deleted and pruned is right', async () => {
  const { world, run } = await started('deleted');
  const { volumeId } = await attached(run, world);
  world.volumes.write(volumeId, 0, 'first');
  const first = await snapshotOf(run, volumeId);
  await run.rest();
  outputOf(await run.call('DeleteSnapshot', { SnapshotId: first }));
  await run.rest();
  world.volumes.write(volumeId, 1, 'second');
  const second = await contentOf(run, world, await snapshotOf(run, volumeId));
  expect([...second]).toEqual([
    [0, 'first'],
    [1, 'second'],
  ]);
  await checkWorld(world);
});

test('a volume of a stopped instance is snapshotted at rest, and the instance starts again', async () => {
  const { world, run } = await started('stopped');
  const { volumeId, instanceId } = await attached(run, world);
  world.volumes.write(volumeId, 0, 'kept');
  outputOf(await run.call('StopInstances', { InstanceIds: [instanceId] }));
  await run.rest();
  const snapshotId = await snapshotOf(run, volumeId);
  outputOf(await run.call('StartInstances', { InstanceIds: [instanceId] }));
  expect([...(await contentOf(run, world, snapshotId))]).toEqual([[0, 'kept']]);
  await checkWorld(world);
});

test('stop, detach and delete wait for a snapshot under way', async () => {
  const { world, run } = await started('wait');
  const { volumeId, instanceId } = await attached(run, world);
  world.volumes.write(volumeId, 0, 'kept');
  const snapshotId = await snapshotOf(run, volumeId);
  outputOf(await run.call('DetachVolume', { VolumeId: volumeId }));
  outputOf(await run.call('StopInstances', { InstanceIds: [instanceId] }));
  await run.rest();
  outputOf(await run.call('DeleteVolume', { VolumeId: volumeId }));
  expect([...(await contentOf(run, world, snapshotId))]).toEqual([[0, 'kept']]);
  await checkWorld(world);
});

test('the snapshots of an instance are of one instant, without those left out', async () => {
  const { world, run } = await started('together');
  const { volumeId, instanceId, rootId } = await attached(run, world);
  world.volumes.write(rootId, 3, 'root');
  world.volumes.write(volumeId, 3, 'data');
  const InstanceSpecification = { InstanceId: instanceId, ExcludeBootVolume: true };
  const data = outputOf(await run.call('CreateSnapshots', { InstanceSpecification }));
  expect(data.Snapshots?.map((each) => each.VolumeId)).toEqual([volumeId]);
  const all = outputOf(
    await run.call('CreateSnapshots', { InstanceSpecification: { InstanceId: instanceId } }),
  );
  world.volumes.write(rootId, 3, 'late');
  const words = [];
  for (const { SnapshotId: id } of all.Snapshots ?? []) {
    words.push((await contentOf(run, world, id as SnapshotId)).get(3));
  }
  expect(words).toEqual(['root', 'data']);
});

test('pruning after deletions leaves what is needed and nothing else', async () => {
  const { world, run } = await started('prune');
  const volumeId = await makeVolume(run);
  world.volumes.write(volumeId, 0, 'content');
  const snapshotId = await snapshotOf(run, volumeId);
  await run.rest();
  const cloneId = await makeVolume(run, snapshotId);
  outputOf(await run.call('DeleteSnapshot', { SnapshotId: snapshotId }));
  outputOf(await run.call('DeleteVolume', { VolumeId: volumeId }));
  await run.rest();
  expect(world.volumes.contents(cloneId).get(0)).toBe('content');
  expect(await world.snapshots.list()).toHaveLength(1);
  outputOf(await run.call('DeleteVolume', { VolumeId: cloneId }));
  await run.rest();
  expect(await world.snapshots.list()).toEqual([]);
  expect((await world.snapshots.usage()).onDiskBytes).toBe(0);
});

test('a guest that holds on to a volume keeps it busy until it is forced or stops', async () => {
  const { world, run } = await started('busy');
  const { volumeId, instanceId } = await attached(run, world);
  const held = world.compute.detachDisk.bind(world.compute);
  world.compute.detachDisk = async (instance, volume, force) => {
    if (!force) throw new Error('the guest did not let go');
    await held(instance, volume, force);
  };
  outputOf(await run.call('DetachVolume', { VolumeId: volumeId }));
  await world.clock.advance(10_000);
  const shown = async () =>
    outputOf(await run.call('DescribeVolumes', { VolumeIds: [volumeId] })).Volumes?.[0];
  expect((await shown())?.Attachments?.[0]?.State).toBe('busy');
  const again = await run.call('DetachVolume', { VolumeId: volumeId });
  expect(again).toEqual({ kind: 'refused', code: 'IncorrectState' });
  outputOf(await run.call('DetachVolume', { VolumeId: volumeId, Force: true }));
  await run.rest();
  expect(await shown()).toMatchObject({ State: 'available', Attachments: [] });
  expect(instanceId).toBeDefined();
  await checkWorld(world);
});
