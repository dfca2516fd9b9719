import { GiB } from '@bakehouse/base';
import { type Instance, type InstanceId, MemoryNotKeptError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { launchInstance } from '../testing/launch-instance.ts';
import { type TestPlane, testPlane } from '../testing/test-plane.ts';
import { startInstanceWorkflow } from '../workflows/start-instance.ts';
import { instanceFork } from './fork.ts';
import { instanceBoot } from './instance-boot.ts';

const ignore = () => {};

const adminOf = ({ plane, scope }: TestPlane) =>
  plane.adminContext(scope, new AbortController().signal);

async function launched(
  drivers: Parameters<typeof testPlane>[2] = {},
): Promise<{ world: TestPlane; parent: Instance }> {
  const world = await testPlane('forks', [], drivers);
  const parent = await launchInstance(world);
  await world.metadata.write((tx) =>
    tx.put('instance', { ...parent, tags: { Name: 'web', team: 'a' } }),
  );
  return { world, parent };
}

async function forkOf(world: TestPlane, instanceId: InstanceId, count = 1) {
  const result = await instanceFork(adminOf(world), { instanceId, count }, ignore);
  await world.settle();
  const forks: Instance[] = [];
  for (const id of result.forks) {
    const fork = await world.read((reader) => reader.get('instance', id));
    if (fork) forks.push(fork);
  }
  return { result, forks };
}

async function allOf(world: TestPlane, ids: readonly InstanceId[]) {
  const [volumes, nics] = await world.read(async (reader) => [
    await reader.list('volume'),
    await reader.list('networkInterface', { where: { instance: ids } }),
  ]);
  return { volumes, nics };
}

test('forks are instances of their own, with the disks that the instance had', async () => {
  const { world, parent } = await launched();
  const rootId = parent.volumes[0]?.volumeId ?? 'vol-0';
  world.drivers.volumes.write(rootId, 0, 'written');
  const { result, forks } = await forkOf(world, parent.id, 2);
  expect(result).toMatchObject({ instanceId: parent.id, pauseMs: 0 });
  expect(forks.map(({ state }) => state)).toEqual(['running', 'running']);
  world.drivers.volumes.write(rootId, 0, 'later');
  const { volumes, nics } = await allOf(world, [parent.id, ...result.forks]);
  for (const values of [
    nics.map(({ macAddress }) => macAddress),
    nics.map(({ privateIp }) => privateIp),
    volumes.map(({ id }) => id),
  ]) {
    expect(new Set(values).size).toBe(3);
  }
  for (const fork of forks) {
    expect(fork).toMatchObject({ tags: { team: 'a' }, forkedFrom: { instanceId: parent.id } });
    const [root] = fork.volumes;
    expect(root && world.drivers.volumes.read(root.volumeId, 0)).toBe('written');
    const boot = await instanceBoot(adminOf(world), { instanceId: fork.id }, ignore);
    expect(boot.forkedFrom).toEqual({ instanceId: parent.id, pauseMs: 0 });
    expect(boot.events.map(({ name }) => name)).toContain(`forked from ${parent.id}`);
  }
  const volume = volumes.find(({ id }) => id === rootId);
  for (const { originMapId, snapshotId } of volumes) {
    expect({ originMapId, snapshotId }).toEqual({
      originMapId: volume?.originMapId,
      snapshotId: volume?.snapshotId,
    });
  }
});

test('a fork goes on in its first start, and boots in later ones', async () => {
  const { world, parent } = await launched();
  const { forks } = await forkOf(world, parent.id);
  const [fork] = forks;
  if (!fork) throw new Error('there is a fork');
  const specOf = () =>
    world.drivers.compute.machines().find(({ spec }) => spec.instanceId === fork.id)?.spec;
  expect(specOf()).toMatchObject({ forkOf: parent.id });
  const { id: instanceId } = fork;
  const again: Instance = { ...fork, state: 'pending', generation: 2 };
  await world.plane.engine.write(async (tx) => {
    await tx.put('instance', again);
    await startInstanceWorkflow.enqueue(tx, { instanceId, generation: 2, firstLaunch: false });
  });
  await world.settle();
  expect(specOf()).toMatchObject({ generation: 2 });
  expect(specOf()).not.toHaveProperty('forkOf');
});

test('an instance whose memory cannot be kept runs on, and its forks say why they ended', async () => {
  const { world, parent } = await launched();
  world.drivers.compute.fork = async () => {
    throw new MemoryNotKeptError('the guest is too quick');
  };
  const refused = forkOf(world, parent.id);
  await expect(refused).rejects.toMatchObject({
    code: 'IncorrectInstanceState',
    message: expect.stringContaining('the guest is too quick'),
  });
  await world.settle();
  const instances = await world.read((reader) => reader.list('instance'));
  expect(instances.map(({ state }) => state).toSorted()).toEqual(['running', 'terminated']);
  expect(await world.drivers.compute.kept()).toEqual([parent.id]);
  expect(await world.drivers.volumes.list()).toHaveLength(parent.volumes.length);
});

type Changes = (world: TestPlane, parent: Instance) => Promise<void>;

const putParent =
  (changes: Partial<Instance>): Changes =>
  (world, parent) =>
    world.metadata.write((tx) => tx.put('instance', { ...parent, ...changes }));

test.each<[string, Changes, string, string]>([
  ['stopped', putParent({ state: 'stopped' }), 'IncorrectInstanceState', 'stopped, not running'],
  [
    'with instance-store disks',
    putParent({ ephemeralDisks: [{ deviceName: '/dev/sdb', virtualName: 'ephemeral0' }] }),
    'IncorrectInstanceState',
    'instance-store',
  ],
  ['of another account', putParent({ ownerId: '999999999999' }), 'InvalidInstanceID.NotFound', ''],
  [
    'of an image that is gone',
    (world, { imageId }) => world.metadata.write((tx) => tx.delete('image', imageId)),
    'IncorrectInstanceState',
    'not registered any more',
  ],
  [
    'of an image of another account',
    (world, { imageId }) =>
      world.metadata.write(async (tx) => {
        const image = await tx.get('image', imageId);
        if (image) await tx.put('image', { ...image, ownerId: '999999999999' });
      }),
    'IncorrectInstanceState',
    'belongs to another account',
  ],
  [
    'with two cards',
    (world, parent) =>
      world.metadata.write(async (tx) => {
        const [nic] = await tx.list('networkInterface', { where: { instance: [parent.id] } });
        if (nic) await tx.put('networkInterface', { ...nic, id: 'eni-0aaaaaaaaaaaaaaaa' });
      }),
    'IncorrectInstanceState',
    '2 network interfaces',
  ],
  [
    'with a volume on its way',
    (world, parent) =>
      world.metadata.write(async (tx) => {
        const volume = await tx.get('volume', parent.volumes[0]?.volumeId ?? 'vol-0');
        const { attachment } = volume ?? {};
        if (!volume || !attachment) throw new Error('the volume is attached');
        const moving = { ...attachment, state: 'detaching' as const };
        await tx.put('volume', { ...volume, attachment: moving });
      }),
    'IncorrectInstanceState',
    'is detaching',
  ],
])('an instance %s is not forked', async (_, change, code, why) => {
  const { world, parent } = await launched();
  await change(world, parent);
  const message = expect.stringContaining(why);
  await expect(forkOf(world, parent.id)).rejects.toMatchObject({ code, message });
  expect(await world.read((reader) => reader.count('instance'))).toBe(1);
});

test('without room on the disk for its forks an instance is not forked', async () => {
  const look = async () => [{ path: '/data', device: 1, freeBytes: 3 * GiB, reservedBytes: GiB }];
  const { world, parent } = await launched({ guestRoom: { look } });
  await forkOf(world, parent.id, 2);
  await expect(forkOf(world, parent.id, 3)).rejects.toMatchObject({
    message: expect.stringContaining(
      'the disk of /data has room for 2048 MiB beside its reserve, and the forks may need 3072 MiB',
    ),
  });
});

test('without memory for its forks an instance is not forked', async () => {
  const { world, parent } = await launched();
  world.drivers.compute.capacityFor = async () => ({ count: 1, shortage: 'one fits' });
  await expect(forkOf(world, parent.id, 2)).rejects.toMatchObject({
    code: 'InsufficientInstanceCapacity',
    message: expect.stringContaining('one fits'),
  });
});
