import { GiB, invariant } from '@bakehouse/base';
import { inFastLaunchState } from '@bakehouse/domain';
import { storeWords } from '@bakehouse/fakes';
import { aFastLaunch, aHostId } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { launchInstance } from '../testing/launch-instance.ts';
import { type TestPlane, testPlane } from '../testing/test-plane.ts';
import { deleteFastLaunchWorkflow } from '../workflows/delete-fast-launch.ts';
import { makeFastLaunchWorkflow } from '../workflows/make-fast-launch.ts';
import { instanceFork } from './fork.ts';
import { usage } from './usage.ts';

const ignore = () => {};
const adminOf = ({ plane, scope }: TestPlane) =>
  plane.adminContext(scope, new AbortController().signal);
const memoriesOf = async (world: TestPlane) => (await usage(adminOf(world), {}, ignore)).memories;

test('the memory of a template is there from when it is kept until fast launch is disabled', async () => {
  const world = await testPlane();
  const { id: imageId, ownerId, region, blockDevices } = await world.addImage();
  const snapshotId = blockDevices[0]?.ebs?.snapshotId ?? '';
  const snapshot = await world.read((reader) => reader.get('snapshot', snapshotId));
  invariant(snapshot, 'the image has a snapshot');
  const { mapId: originMapId } = snapshot;
  await storeWords(world.drivers.snapshots, { mapId: originMapId, blockCount: 2, words: {} });
  const template = { ...aFastLaunch().template, originMapId, sizeGiB: 1 };
  const made = { id: imageId, ownerId, region, hostId: aHostId, template };
  const record = aFastLaunch({ ...made, state: 'enabling' });
  expect(await memoriesOf(world)).toEqual([]);
  await world.plane.engine.write(async (tx) => {
    await tx.put('fastLaunch', record);
    await makeFastLaunchWorkflow.enqueue(tx, { imageId });
  });
  await world.settle();
  const { instanceId } = template;
  const memory = { instanceId, localBytes: GiB, templateOf: imageId };
  expect(await memoriesOf(world)).toEqual([memory]);
  await world.plane.engine.write(async (tx) => {
    const at = { at: world.clock.now(), reason: '' };
    await tx.put('fastLaunch', inFastLaunchState(record, 'disabling', at));
    await deleteFastLaunchWorkflow.enqueue(tx, { imageId });
  });
  await world.settle();
  expect(await memoriesOf(world)).toEqual([]);
});

test('the memory of a fork is there until the fork has started', async () => {
  const world = await testPlane();
  const parent = await launchInstance(world);
  const { compute } = world.drivers;
  const { promise: mayStart, resolve } = Promise.withResolvers<void>();
  const start = compute.start.bind(compute);
  compute.start = async (spec) => {
    await mayStart;
    await start(spec);
  };
  const { forks } = await instanceFork(adminOf(world), { instanceId: parent.id, count: 2 }, ignore);
  const memories = forks.map((instanceId) => ({
    ...{ instanceId, localBytes: GiB, forkOf: parent.id },
  }));
  expect(await memoriesOf(world)).toEqual(memories);
  resolve();
  await world.settle();
  expect(await memoriesOf(world)).toEqual([]);
});

test('memory that no record names is shown as it is', async () => {
  const world = await testPlane();
  await launchInstance(world);
  const { compute } = world.drivers;
  const [machine] = compute.machines();
  invariant(machine, 'the instance has a machine');
  const instanceId = world.ids.resource('i');
  const { signal } = new AbortController();
  const forks = [{ instanceId, disks: [] }];
  await compute.fork(machine.spec, { forks, limitMs: 1000, signal });
  expect(await memoriesOf(world)).toEqual([{ instanceId, localBytes: GiB }]);
});
