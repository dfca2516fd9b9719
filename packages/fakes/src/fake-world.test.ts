import { GiB } from '@bakehouse/base';
import type { InstanceId, MachineSpec, Nic, VolumeId } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { FakeWorld } from './fake-world.ts';
import { FaultPlan } from './faults.ts';
import { settle } from './settle.ts';

const instanceId: InstanceId = 'i-00000000000000001';
const volumeId: VolumeId = 'vol-00000000000000001';
const nic: Nic = {
  nicId: 'eni-00000000000000001',
  vpcId: 'vpc-00000000000000001',
  subnetId: 'subnet-00000000000000001',
  subnetCidr: '172.31.0.0/20',
  macAddress: '02:00:00:00:00:01',
  privateIp: '172.31.0.10',
  hostName: 'ip-172-31-0-10',
  domainName: 'ec2.internal',
};

async function launch(world: FakeWorld): Promise<MachineSpec> {
  await world.network.open();
  const port = await world.network.plug(nic);
  await world.volumes.create({ volumeId, sizeBytes: 2 * GiB });
  const spec: MachineSpec = {
    instanceId,
    generation: 1,
    instanceType: 't3.micro',
    architecture: 'x86_64',
    cpus: { cores: 1, threadsPerCore: 2 },
    memoryMiB: 1_024,
    disks: [{ deviceName: '/dev/xvda', volumeId, bootIndex: 0 }],
    ephemeralDisks: [],
    nics: [{ nicId: nic.nicId, macAddress: nic.macAddress, port }],
  };
  await world.compute.start(spec);
  return spec;
}

test('what was baked is in the map, what was written to its volume is in the next', async () => {
  const { builder, snapshots, volumes } = new FakeWorld();
  const disk = await builder.bake({ recipe: 'bakehouse-linux' });
  const baked = await snapshots.capture({ mapId: 'map-1', source: disk.source });
  await builder.discard(disk);
  expect(builder.disks).toEqual([]);
  await volumes.create({ volumeId, sizeBytes: disk.sizeBytes, originMapId: baked.mapId });
  volumes.write(volumeId, 1, 'mine');
  const [frozen] = await volumes.freeze([
    { volumeId, snapshotId: 'snap-1', originMapId: baked.mapId },
  ]);
  volumes.write(volumeId, 7, 'too late');
  if (!frozen) throw new Error('a freeze returns each volume');
  await snapshots.capture({
    mapId: 'map-2',
    source: frozen.source,
    ...(frozen.baseMapId ? { baseMapId: frozen.baseMapId } : {}),
  });
  const [bakedWords, words] = [snapshots.contentsOf('map-1'), snapshots.contentsOf('map-2')];
  expect(bakedWords.size).toBe(3);
  expect(words).toEqual(new Map([...bakedWords, [1, 'mine']]));
});

test('a hydrated volume outlives its origin, another does not', async () => {
  const world = new FakeWorld();
  await launch(world);
  const source = { kind: 'file', path: 'memory:x' } as const;
  world.sources.offer(source, { sizeBytes: GiB, blocks: new Map([[0, 'a']]), changed: [0] });
  await world.snapshots.capture({ mapId: 'map-1', source });
  const other: VolumeId = 'vol-00000000000000002';
  for (const id of [other, 'vol-00000000000000003'] as const) {
    await world.volumes.create({ volumeId: id, sizeBytes: GiB, originMapId: 'map-1' });
  }
  const { signal } = new AbortController();
  expect(await world.volumes.hydrate(other, instanceId, { signal })).toBe(false);
  await world.compute.attachDisk(instanceId, { deviceName: '/dev/xvdf', volumeId: other });
  expect(await world.volumes.hydrate(other, instanceId, { signal })).toBe(true);
  expect(await world.problems()).toEqual([]);
  await world.snapshots.prune(new Set(['map-1']));
  expect(world.volumes.read(other, 0)).toBe('a');
  expect(await world.problems()).toEqual(['vol-00000000000000003 reads from map-1, which is gone']);
});

test('the world says when a machine has lost what it needs', async () => {
  const world = new FakeWorld();
  await launch(world);
  expect(await world.problems()).toEqual([]);
  expect(await world.network.isReachable(nic.nicId)).toBe(true);
  await expect(world.volumes.remove(volumeId)).rejects.toThrow(/while i-0+1 uses it/);
  await world.network.unplug(nic.nicId);
  expect(await world.problems()).toEqual([`${instanceId} runs unplugged`]);
});

test('a disk is opened by one machine at a time, and only when it is there', async () => {
  const world = new FakeWorld({ memoryMiB: 1_536 });
  const spec = await launch(world);
  const second: MachineSpec = { ...spec, instanceId: 'i-00000000000000002', memoryMiB: 512 };
  await expect(world.compute.start(second)).rejects.toThrow(/in use by i-0+1/);
  const third = { ...second, disks: [{ deviceName: '/dev/xvda', volumeId: 'vol-9' }] } as const;
  await expect(world.compute.start(third)).rejects.toThrow('no disk of vol-9');
  const large = { ...second, disks: [], memoryMiB: 513 };
  await expect(world.compute.start(large)).rejects.toMatchObject({
    name: 'InsufficientCapacityError',
    message: expect.stringContaining('513 MiB asked for, 1024 of 1536 MiB in use'),
  });
});

test('machines outlive a crash of the control plane, and the next one hears of them', async () => {
  const world = new FakeWorld();
  const heard: string[] = [];
  const first = world.connect(
    new FaultPlan([{ port: 'metadata', member: 'write', call: 2, fault: 'crash' }]),
  );
  first.compute.watch(({ kind }) => heard.push(`first ${kind}`));
  await launch(world);
  await first.metadata.write((tx) => tx.put('setting', { id: 'a', value: 1 }));
  void first.metadata.write((tx) => tx.put('setting', { id: 'b', value: 2 }));
  void first.clock.sleep(1_000);
  await settle();
  expect(first.life.isOver).toBe(true);
  expect(world.clock.nextWakeAt).toBeUndefined();
  void first.metadata.write((tx) => tx.put('setting', { id: 'c', value: 3 }));
  void first.compute.kill(instanceId);
  const next = world.connect();
  next.compute.watch(({ kind }) => heard.push(`next ${kind}`));
  const settings = await next.metadata.read((tx) => tx.list('setting'));
  expect(settings.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(await next.compute.list()).toHaveLength(1);
  await next.compute.kill(instanceId);
  expect(heard).toEqual(['next exited']);
});

test.each([
  ['guest-shutdown', false],
  ['crashed', true],
  ['killed', true],
] as const)('after the end of its machine, %s, a view is fresh: %s', async (reason, fresh) => {
  const world = new FakeWorld();
  await launch(world);
  const volume = { volumeId, snapshotId: 'snap-1' } as const;
  const [live] = await world.volumes.freeze([volume], instanceId);
  world.compute.exit(instanceId, reason);
  expect(live && world.sources.find(live.source)).toBeUndefined();
  const [resting] = await world.volumes.freeze([volume]);
  expect(resting).toMatchObject({ fresh });
  expect(resting && world.sources.find(resting.source)).toBeDefined();
});

test('a disk that is frozen at rest is not opened by a machine', async () => {
  const world = new FakeWorld();
  const spec = await launch(world);
  await world.compute.kill(instanceId);
  const volume = { volumeId, snapshotId: 'snap-1' } as const;
  await world.volumes.freeze([volume]);
  await expect(world.compute.start(spec)).rejects.toThrow('is frozen');
  await world.volumes.thaw([volume], 'abandoned');
  await world.compute.start(spec);
});
