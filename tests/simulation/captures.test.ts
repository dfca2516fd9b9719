import {
  BlockStoreUnreachableError,
  type FreezeVolume,
  type ImageId,
  type SnapshotId,
} from '@bakehouse/domain';
import { FakeWorld } from '@bakehouse/fakes';
import { createSnapshotsWorkflow } from '@bakehouse/orchestration';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import {
  attach,
  contentOf,
  imageRecord,
  launch,
  makeVolume,
  outputOf,
  snapshotOf,
} from './scenes.ts';
import { startPlatform } from './simulated-platform.ts';

async function scene(seed: string) {
  const world = new FakeWorld({ seed });
  const run = await startPlatform(world);
  const machine = await launch(run, world);
  return { world, run, ...machine };
}

const snapshotRecord = (world: FakeWorld, id: SnapshotId) =>
  world.metadata.read((tx) => tx.get('snapshot', id));

test('a view that dies between two captures: each snapshot and the count after it are of one instant', async () => {
  const { world, run, instanceId, rootId } = await scene('lost view');
  const dataId = await makeVolume(run);
  await attach(run, instanceId, dataId);
  world.volumes.write(rootId, 5, 'old');
  world.volumes.write(dataId, 0, 'old');
  const capture = world.snapshots.capture.bind(world.snapshots);
  const freeze = world.volumes.freeze.bind(world.volumes);
  let frozen: readonly FreezeVolume[] = [];
  let captures = 0;
  world.volumes.freeze = async (volumes, machine) => {
    frozen = volumes;
    return await freeze(volumes, machine);
  };
  world.snapshots.capture = async (request, options) => {
    captures += 1;
    if (captures !== 2) return await capture(request, options);
    await world.volumes.thaw(frozen, 'abandoned');
    world.volumes.write(rootId, 5, 'new');
    world.volumes.write(dataId, 0, 'new');
    throw new Error('the view died');
  };
  const specification = { InstanceSpecification: { InstanceId: instanceId } };
  const { Snapshots: made = [] } = outputOf(await run.call('CreateSnapshots', specification));
  await run.rest();
  const [root, data] = made.map((each) => each.SnapshotId as SnapshotId);
  if (!root || !data) throw new Error('two snapshots were asked for');
  expect((await contentOf(run, world, root)).get(5)).toBe('new');
  expect((await contentOf(run, world, data)).get(0)).toBe('new');
  const next = await snapshotOf(run, rootId);
  expect((await contentOf(run, world, next)).get(5)).toBe('new');
  await checkWorld(world);
});

test('a snapshot whose volume ended before it could be taken is an error, and the work ends', async () => {
  const { world, run, rootId } = await scene('orphan');
  const volumeId = await makeVolume(run);
  const gone = run.call('DeleteVolume', { VolumeId: volumeId });
  await gone;
  const snapshotId = await snapshotOf(run, rootId);
  await run.rest();
  const record = await snapshotRecord(world, snapshotId);
  if (!record) throw new Error('the snapshot has a record');
  const orphan = { ...record, id: world.ids.resource('snap'), volumeId, state: 'pending' } as const;
  await world.metadata.write((tx) => tx.put('snapshot', orphan));
  await run.plane.engine.write(async (tx) => {
    await createSnapshotsWorkflow.enqueue(tx, { snapshotIds: [orphan.id] });
  });
  await run.rest();
  expect(await snapshotRecord(world, orphan.id)).toMatchObject({
    state: 'error',
    stateMessage: expect.stringContaining(`${volumeId} was deleted`),
  });
});

test('a volume that goes with its terminating instance is refused', async () => {
  const { run, instanceId, rootId } = await scene('terminating');
  const ended = run.call('TerminateInstances', { InstanceIds: [instanceId] });
  const refused = run.call('CreateSnapshot', { VolumeId: rootId });
  await ended;
  expect(await refused).toEqual({ kind: 'refused', code: 'IncorrectState' });
  await run.rest();
});

test('a free volume is frozen at rest, although it is promised to a machine meanwhile', async () => {
  const { world, run, instanceId } = await scene('attaching');
  const volumeId = await makeVolume(run);
  world.volumes.write(volumeId, 0, 'before');
  const taken = run.call('CreateSnapshot', { VolumeId: volumeId });
  const request = { InstanceId: instanceId, VolumeId: volumeId, Device: '/dev/sdf' };
  const promised = run.call('AttachVolume', request);
  const snapshotId = outputOf(await taken).SnapshotId as SnapshotId;
  outputOf(await promised);
  await run.rest();
  expect(await snapshotRecord(world, snapshotId)).toMatchObject({ state: 'completed' });
  expect((await contentOf(run, world, snapshotId)).get(0)).toBe('before');
  await checkWorld(world);
});

test('CreateSnapshots refuses a volume on its way out, and CreateImage a root on its way out', async () => {
  const { world, run, instanceId, rootId } = await scene('detaching');
  const dataId = await makeVolume(run);
  await attach(run, instanceId, dataId);
  const leaving = async (volumeId: typeof dataId) =>
    await world.metadata.write(async (tx) => {
      const volume = await tx.get('volume', volumeId);
      if (!volume?.attachment) throw new Error('the volume is attached');
      const attachment = { ...volume.attachment, state: 'detaching' } as const;
      await tx.put('volume', { ...volume, attachment });
    });
  await leaving(dataId);
  const specification = { InstanceId: instanceId };
  const refused = { kind: 'refused', code: 'IncorrectState' };
  expect(await run.call('CreateSnapshots', { InstanceSpecification: specification })).toEqual(
    refused,
  );
  const others = { ...specification, ExcludeDataVolumeIds: [dataId] };
  outputOf(await run.call('CreateSnapshots', { InstanceSpecification: others }));
  await run.rest();
  await leaving(rootId);
  expect(await run.call('CreateImage', { InstanceId: instanceId, Name: 'web' })).toEqual(refused);
});

test('a second snapshot has its instant while the first is read, and its StartTime says so', async () => {
  const { world, run, rootId } = await scene('second');
  const capture = world.snapshots.capture.bind(world.snapshots);
  world.snapshots.capture = async (request, options) => {
    await world.clock.sleep(20_000);
    return await capture(request, options);
  };
  world.volumes.write(rootId, 5, 'one');
  await snapshotOf(run, rootId);
  const askedAt = world.clock.now();
  world.volumes.write(rootId, 5, 'two');
  const made = outputOf(await run.call('CreateSnapshot', { VolumeId: rootId }));
  world.volumes.write(rootId, 5, 'after the answer');
  expect(made.StartTime?.getTime()).toBeLessThan(askedAt + 1_000);
  expect((await contentOf(run, world, made.SnapshotId as SnapshotId)).get(5)).toBe('two');
});

test('a snapshot of a volume that grew meanwhile says how large its content is', async () => {
  const { world, run, rootId } = await scene('grown');
  const grown = run.call('ModifyVolume', { VolumeId: rootId, Size: 4 });
  const taken = run.call('CreateSnapshot', { VolumeId: rootId });
  await grown;
  const snapshotId = outputOf(await taken).SnapshotId as SnapshotId;
  await run.rest();
  const record = await snapshotRecord(world, snapshotId);
  const map = record && (await world.snapshots.find(record.mapId));
  expect(record?.sizeGiB).toBe((map?.sizeBytes ?? 0) / 1024 ** 3);
});

test('an image of a volume that grew meanwhile asks for disks that hold it', async () => {
  const { world, run, instanceId, rootId } = await scene('grown image');
  const grown = run.call('ModifyVolume', { VolumeId: rootId, Size: 4 });
  const taken = run.call('CreateImage', { InstanceId: instanceId, Name: 'web', NoReboot: true });
  await grown;
  const { ImageId } = outputOf(await taken);
  await run.rest();
  const image = await imageRecord(world, ImageId as ImageId);
  expect(image).toMatchObject({ state: 'available', blockDevices: [{ ebs: { sizeGiB: 4 } }] });
});

test('an image holds a volume that is detached before its instant, frozen at rest', async () => {
  const { world, run, instanceId } = await scene('split');
  const dataId = await makeVolume(run);
  await attach(run, instanceId, dataId);
  world.volumes.write(dataId, 0, 'kept');
  const detached = run.call('DetachVolume', { VolumeId: dataId });
  const taken = run.call('CreateImage', { InstanceId: instanceId, Name: 'web', NoReboot: true });
  outputOf(await detached);
  const { ImageId } = outputOf(await taken);
  await run.rest();
  const image = await imageRecord(world, ImageId as ImageId);
  expect(image).toMatchObject({ state: 'available', blockDevices: { length: 2 } });
  const data = image?.blockDevices.find((device) => device.deviceName === '/dev/sdf');
  const snapshotId = data?.ebs?.snapshotId;
  if (!snapshotId) throw new Error('the image has the data volume');
  expect((await contentOf(run, world, snapshotId)).get(0)).toBe('kept');
  await checkWorld(world);
});

/** From now on the member is refused, as by a block server that is away, for so long. */
function isAway<Port extends object>(world: FakeWorld, port: Port, member: keyof Port, ms: number) {
  const call = port[member];
  if (typeof call !== 'function') throw new Error(`${String(member)} is no call`);
  const endsAt = world.clock.elapsed() + ms;
  Object.assign(port, {
    [member]: async (...args: unknown[]) => {
      if (world.clock.elapsed() >= endsAt) return await Reflect.apply(call, port, args);
      throw new BlockStoreUnreachableError('the block server does not run');
    },
  });
}

const parts = ['freeze', 'capture', 'find'] as const;

test.each(parts)('a block server away for seconds at %s costs time, no snapshot', async (part) => {
  const { world, run, rootId } = await scene(`away ${part}`);
  world.volumes.write(rootId, 5, 'kept');
  if (part === 'freeze') isAway(world, world.volumes, part, 8_000);
  else isAway(world, world.snapshots, part, 8_000);
  const snapshotId = await snapshotOf(run, rootId);
  await run.rest();
  expect(await snapshotRecord(world, snapshotId)).toMatchObject({ state: 'completed' });
  expect((await contentOf(run, world, snapshotId)).get(5)).toBe('kept');
  await checkWorld(world);
});

test('a block server that stays away makes the snapshot an error that says so', async () => {
  const { world, run, rootId } = await scene('away for good');
  const hour = 3_600_000;
  isAway(world, world.snapshots, 'capture', hour);
  const snapshotId = await snapshotOf(run, rootId);
  await run.rest();
  expect(await snapshotRecord(world, snapshotId)).toMatchObject({
    state: 'error',
    stateMessage: expect.stringContaining('the block server does not run'),
  });
  await checkWorld(world);
});

test('a snapshot whose blocks are missing at the end is in error, and the volume counts from the one before', async () => {
  const { world, run, rootId } = await scene('missing map');
  world.volumes.write(rootId, 5, 'root');
  const find = world.snapshots.find;
  world.snapshots.find = async () => undefined;
  const { SnapshotId = '' } = outputOf(await run.call('CreateSnapshot', { VolumeId: rootId }));
  await run.rest();
  world.snapshots.find = find;
  const snapshot = await snapshotRecord(world, SnapshotId as SnapshotId);
  expect(snapshot).toMatchObject({
    state: 'error',
    stateMessage: `the blocks of ${SnapshotId} are not in the store`,
  });
  const volume = await world.metadata.read((tx) => tx.get('volume', rootId));
  expect(volume?.baseline?.snapshotId).not.toBe(SnapshotId);
});
