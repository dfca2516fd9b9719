import type { ImageId } from '@bakehouse/domain';
import { FakeWorld, FaultPlan } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { faultAtEachCall, type Scenario } from './fault-at-each-call.ts';
import {
  attach,
  contentOf,
  imageRecord,
  imagesOfUser,
  launch,
  type Machine,
  makeVolume,
  outputOf,
} from './scenes.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

/** A running instance with a data volume, both written to. */
async function written(run: PlatformRun, world: FakeWorld): Promise<Machine> {
  const machine = await launch(run, world);
  const volumeId = await makeVolume(run);
  await attach(run, machine.instanceId, volumeId);
  world.volumes.write(machine.rootId, 5, 'root');
  world.volumes.write(volumeId, 0, 'data');
  return machine;
}

/** An image is whole, or it and its snapshots say what failed; the instance is there as before. */
async function checkImages(world: FakeWorld, { instanceId }: Machine, run: PlatformRun) {
  for (const image of await imagesOfUser(world)) {
    const ids = image.blockDevices.flatMap((device) => device.ebs?.snapshotId ?? []);
    expect(ids).toHaveLength(2);
    if (image.state === 'failed') {
      expect(image.stateReason?.message).toMatch(/injected/);
      continue;
    }
    const [root, data] = ids;
    if (root) expect((await contentOf(run, world, root)).get(5)).toBe('root');
    if (data) expect((await contentOf(run, world, data)).get(0)).toBe('data');
  }
  const instance = await world.metadata.read((tx) => tx.get('instance', instanceId));
  expect(instance?.state).toBe('running');
}

const imaging = (NoReboot: boolean): Scenario<Machine> => ({
  prepare: written,
  act: async (run, { instanceId }) =>
    void (await run.call('CreateImage', { InstanceId: instanceId, Name: 'new', NoReboot })),
  verdict: checkImages,
});

const deregistering: Scenario<{ readonly imageId: ImageId }> = {
  async prepare(run, world) {
    const { instanceId } = await written(run, world);
    const request = { InstanceId: instanceId, Name: 'new', NoReboot: true };
    const imageId = outputOf(await run.call('CreateImage', request)).ImageId as ImageId;
    return { imageId };
  },
  act: async (run, { imageId: ImageId }) =>
    void (await run.call('DeregisterImage', { ImageId, DeleteAssociatedSnapshots: true })),
  async verdict(world, { imageId }) {
    const { snapshots, volumes } = await world.metadata.read(async (tx) => ({
      snapshots: await tx.list('snapshot'),
      volumes: await tx.list('volume'),
    }));
    const gone = (await imageRecord(world, imageId)) === undefined;
    expect(snapshots).toHaveLength(gone ? 1 : 3);
    const needed = new Set([
      ...snapshots.map((snapshot) => snapshot.mapId),
      ...volumes.flatMap(({ originMapId, baseline }) => [originMapId, baseline?.mapId]),
    ]);
    needed.delete(undefined);
    expect(new Set(await world.snapshots.list())).toEqual(needed);
  },
};

test('CreateImage with reboot: a fault at each call leaves a whole', async () => {
  expect(await faultAtEachCall(imaging(false))).toBeGreaterThan(20);
});

test('CreateImage without reboot: a fault at each call leaves a whole', async () => {
  expect(await faultAtEachCall(imaging(true))).toBeGreaterThan(20);
});

test('DeregisterImage with its snapshots: a fault at each call leaves a whole', async () => {
  expect(await faultAtEachCall(deregistering)).toBeGreaterThan(3);
});

async function started(
  seed: string,
): Promise<{ world: FakeWorld; run: PlatformRun; machine: Machine }> {
  const world = new FakeWorld({ seed });
  const run = await startPlatform(world);
  return { world, run, machine: await written(run, world) };
}

const bootsOf = (world: FakeWorld, { instanceId }: Machine) =>
  world.compute.machines().find((each) => each.spec.instanceId === instanceId)?.pid;

test('without reboot the guest runs on, and the image has what was written before the answer', async () => {
  const { world, run, machine } = await started('no reboot');
  const pid = bootsOf(world, machine);
  const request = { InstanceId: machine.instanceId, Name: 'new', NoReboot: true };
  const made = outputOf(await run.call('CreateImage', request));
  world.volumes.write(machine.rootId, 5, 'late');
  await run.rest();
  expect(bootsOf(world, machine)).toBe(pid);
  const image = await imageRecord(world, made.ImageId as ImageId);
  expect(image).toMatchObject({ state: 'available', sourceInstanceId: machine.instanceId });
  await checkImages(world, machine, run);
  await checkWorld(world);
});

test('with reboot the guest is shut down cleanly and is running again', async () => {
  const { world, run, machine } = await started('reboot');
  const pid = bootsOf(world, machine);
  outputOf(await run.call('CreateImage', { InstanceId: machine.instanceId, Name: 'new' }));
  await run.rest();
  expect(bootsOf(world, machine)).not.toBe(pid);
  await checkImages(world, machine, run);
  await checkWorld(world);
});

test('an instance of the image has the change, and its writes do not reach the image', async () => {
  const { world, run, machine } = await started('clone');
  const made = outputOf(
    await run.call('CreateImage', { InstanceId: machine.instanceId, Name: 'new' }),
  );
  await run.rest();
  const ImageId = made.ImageId ?? '';
  const launchNew = async () => {
    const request = { ImageId, InstanceType: 't3.micro' as const, MinCount: 1, MaxCount: 1 };
    const run1 = outputOf(await run.call('RunInstances', request));
    await run.rest();
    const id = run1.Instances?.[0]?.InstanceId ?? '';
    const instance = await world.metadata.read((tx) => tx.get('instance', id));
    return instance?.volumes[0]?.volumeId ?? machine.rootId;
  };
  const first = await launchNew();
  expect(world.volumes.read(first, 5)).toBe('root');
  world.volumes.write(first, 5, 'changed in the first');
  expect(world.volumes.read(await launchNew(), 5)).toBe('root');
  await checkWorld(world);
});

test('an instance that is terminated while its image is made stays terminated; the image is whole', async () => {
  const { world, run, machine } = await started('terminated');
  const made = outputOf(
    await run.call('CreateImage', { InstanceId: machine.instanceId, Name: 'new' }),
  );
  outputOf(await run.call('TerminateInstances', { InstanceIds: [machine.instanceId] }));
  await run.rest();
  const instance = await world.metadata.read((tx) => tx.get('instance', machine.instanceId));
  expect(instance?.state).toBe('terminated');
  expect((await imageRecord(world, made.ImageId as ImageId))?.state).toBe('available');
  await checkWorld(world);
});

test('a guest that dies while its disks are read costs the image nothing', async () => {
  const { world, run, machine } = await started('dies');
  const request = { InstanceId: machine.instanceId, Name: 'new', NoReboot: true };
  const made = outputOf(await run.call('CreateImage', request));
  world.compute.exit(machine.instanceId, 'crashed', 'by the test');
  await run.rest();
  expect((await imageRecord(world, made.ImageId as ImageId))?.state).toBe('available');
  const instance = await world.metadata.read((tx) => tx.get('instance', machine.instanceId));
  expect(instance?.state).toBe('stopped');
  await checkWorld(world);
});

test('a guest that cannot be started again is left stopped and says why; the image is available', async () => {
  const { world, run, machine } = await started('no room');
  world.compute.start = async () => {
    throw new Error('no room left');
  };
  const made = outputOf(
    await run.call('CreateImage', { InstanceId: machine.instanceId, Name: 'new' }),
  );
  await run.rest();
  expect((await imageRecord(world, made.ImageId as ImageId))?.state).toBe('available');
  const instance = await world.metadata.read((tx) => tx.get('instance', machine.instanceId));
  expect(instance).toMatchObject({ state: 'stopped' });
  expect(instance?.stateReason?.message).toContain('no room left');
  await checkWorld(world);
});

test('a failed image says why, although its guest could not be started again either', async () => {
  const world = new FakeWorld({ seed: 'two failures' });
  const broken = new Error('the disk of blocks is broken');
  const faults = [
    ...[1, 2, 3].map((call) => ({ port: 'snapshots', member: 'capture', call, error: broken })),
    // The first call starts the machine at its launch.
    ...[2, 3, 4].map((call) => ({
      port: 'compute',
      member: 'start',
      call,
      error: new Error('no KVM'),
    })),
  ];
  const run = await startPlatform(
    world,
    new FaultPlan(faults.map((each) => ({ ...each, fault: 'before' }))),
  );
  const { instanceId } = await launch(run, world);
  outputOf(await run.call('CreateImage', { InstanceId: instanceId, Name: 'new' }));
  await run.rest();
  const [image] = await imagesOfUser(world);
  expect(image?.stateReason?.message).toContain('the disk of blocks is broken');
  const instance = await world.metadata.read((tx) => tx.get('instance', instanceId));
  expect(instance).toMatchObject({
    state: 'stopped',
    stateReason: { message: expect.stringContaining('no KVM') },
  });
});
