import { once } from 'node:events';
import { GiB } from '@bakehouse/base';
import { type Instance, type InstanceId, MemoryNotKeptError } from '@bakehouse/domain';
import { anInstance, aSnapshot } from '@bakehouse/testkit';
import type { Widths } from '@bakehouse/workflow-engine';
import { expect, test, vi } from 'vitest';
import type { Drivers } from '../context.ts';
import { launchInstance } from '../testing/launch-instance.ts';
import { type TestPlane, testPlane } from '../testing/test-plane.ts';
import { enqueueEnd } from '../workflows/end-instance.ts';
import { rebootInstanceWorkflow } from '../workflows/reboot-instance.ts';
import { startInstanceWorkflow } from '../workflows/start-instance.ts';
import { instanceFork } from './fork.ts';
import { instanceBoot } from './instance-boot.ts';

const ignore = () => {};

const adminOf = ({ plane, scope }: TestPlane) =>
  plane.adminContext(scope, new AbortController().signal);

async function launched(
  drivers: Partial<Drivers> = {},
  widths: Widths = {},
): Promise<{ world: TestPlane; parent: Instance }> {
  const world = await testPlane('forks', [], drivers, widths);
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
    message: expect.stringMatching(/was not forked: the guest is too quick$/),
  });
  await world.settle();
  const instances = await world.read((reader) => reader.list('instance'));
  expect(instances.find(({ state }) => state === 'terminated')?.stateReason).toEqual({
    code: 'Server.InstanceNotForked',
    message: 'Server.InstanceNotForked: the guest is too quick',
  });
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
  [
    'whose volume is being captured',
    async (world, { volumes: [root] }) => {
      const volumeId = root?.volumeId ?? 'vol-0';
      const snapshot = aSnapshot({ volumeId, state: 'pending' });
      await world.metadata.write((tx) => tx.put('snapshot', snapshot));
    },
    'IncorrectInstanceState',
    'is still being taken; try again when it is completed',
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
    code: 'InsufficientVolumeCapacity',
    message:
      'the disk of /data has room for 2048 MiB beside its reserve, and the forks may need 3072 MiB',
  });
  const instances = await world.read((reader) => reader.list('instance'));
  const ended = instances.filter(({ state }) => state === 'terminated');
  expect(ended.map(({ stateReason }) => stateReason?.code)).toEqual(
    Array(3).fill('Server.InsufficientVolumeCapacity'),
  );
});

test('without memory for its forks an instance is not forked', async () => {
  const { world, parent } = await launched();
  world.drivers.compute.capacityFor = async () => ({ count: 1, shortage: 'one fits' });
  await expect(forkOf(world, parent.id, 2)).rejects.toMatchObject({
    code: 'InsufficientInstanceCapacity',
    message: expect.stringContaining('one fits'),
  });
});

test('memory that is promised to instances that are starting is not for forks', async () => {
  const { world, parent } = await launched();
  world.drivers.compute.capacityFor = async () => ({ count: 2, shortage: 'two fit' });
  await forkOf(world, parent.id, 2);
  const { instanceType } = parent;
  const pending = anInstance({ id: 'i-0aaaaaaaaaaaaaaa9', state: 'pending', instanceType });
  await world.metadata.write((tx) => tx.put('instance', pending));
  await expect(forkOf(world, parent.id, 2)).rejects.toMatchObject({
    code: 'InsufficientInstanceCapacity',
    message: expect.stringContaining('1024 MiB go to instances that are starting'),
  });
});

/** A fork that copies until `goOn`, and is aborted or goes on. */
async function copying(count: number, began = launched()) {
  const { world, parent } = await began;
  const { compute } = world.drivers;
  const fork = compute.fork.bind(compute);
  const begun = Promise.withResolvers<readonly InstanceId[]>();
  const going = Promise.withResolvers<void>();
  compute.fork = async (spec, options) => {
    begun.resolve(options.forks.map(({ instanceId }) => instanceId));
    await Promise.race([going.promise, once(options.signal, 'abort')]);
    return await fork(spec, options);
  };
  const outcome = forkOf(world, parent.id, count);
  outcome.catch(() => {});
  return { world, parent, outcome, forkIds: await begun.promise, goOn: going.resolve };
}

const byUser = {
  code: 'Client.UserInitiatedShutdown',
  message: 'Client.UserInitiatedShutdown: by me',
};

/** As StopInstances and TerminateInstances do. */
async function end(
  world: TestPlane,
  instanceId: InstanceId | undefined,
  state: 'stopped' | 'terminated',
) {
  const ending = { stopped: 'stopping', terminated: 'shutting-down' } as const;
  await world.plane.engine.write(async (tx) => {
    const instance = instanceId && (await tx.get('instance', instanceId));
    if (!instance) throw new Error('there is a fork');
    await tx.put('instance', { ...instance, stateReason: byUser, state: ending[state] });
    await enqueueEnd(tx, instance, { force: false, end: { state, stateReason: byUser } });
  });
}

test.each([
  ['stopped', 'Server.InstanceNotForked'],
  ['terminated', byUser.code],
] as const)(
  'a fork that is %s while it is copied ends terminated; the others go on',
  async (state, code) => {
    const { world, parent, outcome, forkIds, goOn } = await copying(2);
    await world.metadata.write(async (tx) => {
      const fork = await tx.get('instance', forkIds[0] ?? 'i-0');
      if (!fork) throw new Error('there is a fork');
      const volumes = fork.volumes.map((use) => ({ ...use, deleteOnTermination: false }));
      await tx.put('instance', { ...fork, volumes });
    });
    await end(world, forkIds[0], state);
    goOn();
    const { result, forks } = await outcome;
    expect(result).toMatchObject({ forks: [forkIds[1]], failed: [{ instanceId: forkIds[0] }] });
    expect(forks.map((fork) => fork.state)).toEqual(['running']);
    const ended = await world.read((reader) => reader.get('instance', forkIds[0] ?? 'i-0'));
    expect(ended).toMatchObject({ state: 'terminated', volumes: [], stateReason: { code } });
    const volumeIds = [parent, ...forks].flatMap(({ volumes }) =>
      volumes.map((use) => use.volumeId),
    );
    expect(new Set(await world.drivers.volumes.list())).toEqual(new Set(volumeIds));
    expect(await world.drivers.compute.kept()).toHaveLength(2);
  },
);

test('the copy ends as soon as all its forks are ended, and each says by whom', async () => {
  const { world, outcome, forkIds } = await copying(2);
  for (const id of forkIds) await end(world, id, 'terminated');
  await expect(outcome).rejects.toMatchObject({ message: expect.stringContaining('by me') });
  await world.settle();
  const ended = (await world.read((reader) => reader.list('instance'))).filter(({ id }) =>
    forkIds.includes(id),
  );
  expect(ended).toMatchObject(Array(2).fill({ state: 'terminated', stateReason: byUser }));
  expect(await world.drivers.compute.kept()).toHaveLength(1);
});

test('what is asked of a fork while it is copied is done after its start', async () => {
  const { world, outcome, forkIds, goOn } = await copying(1);
  const [instanceId = 'i-0'] = forkIds;
  await world.plane.engine.write((tx) =>
    rebootInstanceWorkflow.enqueue(tx, { instanceId, generation: 1 }),
  );
  goOn();
  await outcome;
  const fork = world.drivers.compute.machines().find(({ spec }) => spec.instanceId === instanceId);
  expect(fork).toMatchObject({ state: 'running', boots: 2, spec: { generation: 1 } });
});

test.each([1, 2])(
  'a fork without memory and disks of its own is not started (%d)',
  async (generation) => {
    const { world, parent } = await launched();
    const forkedFrom = { instanceId: parent.id };
    const id = 'i-0aaaaaaaaaaaaaaa9';
    await world.plane.engine.write(async (tx) => {
      await tx.put('instance', {
        ...parent,
        id,
        volumes: [],
        state: 'pending',
        generation,
        forkedFrom,
      });
      const start = { instanceId: id, generation, firstLaunch: generation === 1 } as const;
      await startInstanceWorkflow.enqueue(tx, start);
    });
    await world.settle();
    expect(await world.read((reader) => reader.get('instance', id))).toMatchObject({
      state: 'terminated',
      stateReason: { code: 'Server.InstanceNotForked' },
    });
    expect(await world.drivers.compute.kept()).toEqual([parent.id]);
  },
);

test.each([
  [['fork-instance'], 'it has not got the memory and the disks of'],
  [['fork-instance', 'start-instance'], 'its work was ended'],
])('a call whose work (%s) was removed ends with a reason', async (kinds, reason) => {
  const { world, outcome, goOn } = await copying(1);
  await world.metadata.write(async (tx) => {
    for (const { id, kind } of await tx.list('workflow')) {
      if (kinds.includes(kind)) await tx.delete('workflow', id);
    }
  });
  goOn();
  await expect(outcome).rejects.toMatchObject({ message: expect.stringContaining(reason) });
});

test('an instance whose fork waits for another one is ended at once, and its guest goes on first', async () => {
  const began = launched({}, { fork: 1 });
  const other = await launchInstance((await began).world);
  const { world, parent, goOn, outcome } = await copying(1, began);
  const { compute } = world.drivers;
  const ended: InstanceId[] = [];
  const endFork = compute.endFork.bind(compute);
  compute.endFork = async (instanceId, forks) => {
    ended.push(instanceId);
    await endFork(instanceId, forks);
  };
  const waiting = instanceFork(adminOf(world), { instanceId: other.id }, ignore);
  const refused = expect(waiting).rejects.toMatchObject({
    message: expect.stringContaining('were ended before the copy was complete'),
  });
  await vi.waitFor(() => expect(ended).toEqual([other.id]));
  await end(world, other.id, 'terminated');
  await refused;
  await vi.waitFor(async () => expect(await compute.kept()).toEqual([parent.id]));
  goOn();
  await outcome;
});
