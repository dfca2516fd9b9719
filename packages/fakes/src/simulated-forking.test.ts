import { GiB } from '@bakehouse/base';
import {
  type ForkedMachine,
  type InstanceId,
  type MachineSpec,
  MemoryNotKeptError,
  type VolumeId,
} from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { FakeWorld, type WorldPorts } from './fake-world.ts';
import { FaultPlan } from './faults.ts';
import { settle } from './settle.ts';

const parentId: InstanceId = 'i-00000000000000001';
const rootId: VolumeId = 'vol-00000000000000001';
const forks = [2, 3].map((n): ForkedMachine => {
  const disks = [{ volumeId: rootId, copyId: `vol-0000000000000000${n}` as const }];
  return { instanceId: `i-0000000000000000${n}`, disks };
});
const copyIds = forks.flatMap(({ disks }) => disks.map(({ copyId }) => copyId));
const spec: MachineSpec = {
  instanceId: parentId,
  generation: 1,
  instanceType: 't3.micro',
  architecture: 'x86_64',
  cpus: { cores: 1, threadsPerCore: 2 },
  memoryMiB: 1_024,
  disks: [{ deviceName: '/dev/xvda', volumeId: rootId, bootIndex: 0 }],
  ephemeralDisks: [],
  nics: [],
};

/** The copies of an earlier try have any content, and must be made again. */
async function makeDisks(world: FakeWorld): Promise<void> {
  for (const volumeId of copyIds) {
    await world.volumes.remove(volumeId);
    await world.volumes.create({ volumeId, sizeBytes: 2 * GiB });
  }
}

async function scene() {
  const world = new FakeWorld();
  await world.volumes.create({ volumeId: rootId, sizeBytes: 2 * GiB });
  await makeDisks(world);
  await world.compute.start(spec);
  world.memoryCopyMs = 3_000;
  const fork = ({ compute }: WorldPorts, signal = new AbortController().signal) =>
    compute.fork(spec, { forks, limitMs: 60_000, signal });
  const parent = () => world.compute.machines().find((each) => each.spec.instanceId === parentId);
  const words = () => copyIds.map((id) => world.volumes.read(id, 0));
  return { world, fork, parent, words };
}

/** What is kept for forks. */
const kept = (world: FakeWorld) =>
  world.compute
    .machines()
    .flatMap(({ forkMemory }) => (forkMemory ? [forkMemory.isWhole ? 'whole' : 'begun'] : []));

test('the guest runs on while it is copied, and the copies are of the moment at which it is stopped', async () => {
  const { world, fork, parent, words } = await scene();
  const forking = fork(world.connect());
  await settle();
  expect(parent()).toMatchObject({ state: 'running', fork: { disks: forks[0]?.disks } });
  expect(world.compute.userOf('vol-00000000000000002')).toBe(parentId);
  expect(kept(world)).toEqual(['begun']);
  world.volumes.write(rootId, 0, 'written meanwhile');
  await world.clock.advance(3_000);
  expect(await forking).toMatchObject({ at: world.clock.now() });
  expect(words()).toEqual(['written meanwhile', 'written meanwhile']);
  expect(kept(world)).toEqual(['whole', 'whole']);
  expect(parent()).toMatchObject({ state: 'running' });
  expect(parent()?.fork).toBeUndefined();
});

const crashes = {
  begin: { state: 'running', isCopied: true, memory: ['begun'] },
  copy: { state: 'running', isCopied: true, memory: ['begun'] },
  stop: { state: 'paused', isCopied: true, memory: ['begun'] },
  goOn: { state: 'running', isCopied: true, memory: ['begun'] },
  handOut: { state: 'running', isCopied: false, memory: ['whole', 'whole'] },
} as const;

test.each(Object.entries(crashes))(
  'after a crash at %s the machine is as it was then, until the fork is ended or begun again',
  async (member, { state, isCopied, memory }) => {
    for (const isEnded of [true, false]) {
      const { world, fork, parent, words } = await scene();
      world.volumes.write(rootId, 0, 'root');
      const plan = new FaultPlan([{ port: 'forking', member, call: 1, fault: 'crash' }]);
      const dying = world.connect(plan);
      void fork(dying);
      await world.clock.advance(10_000);
      expect(dying.life.isOver).toBe(true);
      expect(parent()?.state).toBe(state);
      expect(parent()?.fork !== undefined).toBe(isCopied);
      expect(kept(world)).toEqual(memory);
      if (isCopied) await expect(world.volumes.remove('vol-00000000000000002')).rejects.toThrow();
      const next = world.connect();
      if (isEnded) {
        await next.compute.endFork(parentId, forks);
        expect(kept(world)).toEqual([]);
        await makeDisks(world);
      } else if (member === 'begin' || member === 'copy') {
        const again = fork(next);
        await world.clock.advance(3_000);
        await again;
        expect(words()).toEqual(['root', 'root']);
      } else {
        const again = fork(next);
        const refused = expect(again).rejects.toThrow('a disk that becomes a copy is empty');
        await world.clock.advance(3_000);
        await refused;
        expect(kept(world)).toEqual([]);
      }
      expect(parent()?.state).toBe('running');
      expect(parent()?.fork).toBeUndefined();
    }
  },
);

test('a fork that is aborted leaves nothing, and the guest runs on', async () => {
  const { world, fork, parent } = await scene();
  const aborting = new AbortController();
  const refused = expect(fork(world.connect(), aborting.signal)).rejects.toThrow('enough');
  await settle();
  aborting.abort(new Error('enough'));
  await refused;
  expect(parent()?.state).toBe('running');
  expect(parent()?.fork).toBeUndefined();
  expect(kept(world)).toEqual([]);
});

test('a guest that ends, halts or is held meanwhile is not forked, and does not go on by that', async () => {
  const ends = {
    exited: (world: FakeWorld) => world.compute.kill(parentId),
    halted: (world: FakeWorld) => world.compute.halt(parentId, { now: true }),
    paused: (world: FakeWorld) => world.compute.hold(parentId, 'the disk is full'),
  };
  for (const [state, end] of Object.entries(ends)) {
    const { world, fork, parent } = await scene();
    const refused = expect(fork(world.connect())).rejects.toBeInstanceOf(MemoryNotKeptError);
    await settle();
    await end(world);
    await world.clock.advance(3_000);
    await refused;
    expect(parent()?.state).toBe(state);
    expect(parent()?.fork).toBeUndefined();
    expect(kept(world)).toEqual([]);
  }
});

test('a disk that is being copied is not detached', async () => {
  const { world, fork } = await scene();
  const forking = fork(world.connect());
  await settle();
  await expect(world.compute.detachDisk(parentId, rootId, false)).rejects.toThrow();
  await world.clock.advance(3_000);
  await forking;
  await world.compute.detachDisk(parentId, rootId, false);
});

test('the memory of a fork is of no use with other disks', async () => {
  const { world, fork } = await scene();
  const forking = fork(world.connect());
  await world.clock.advance(3_000);
  await forking;
  const child = { ...spec, forkOf: parentId };
  for (const { instanceId, disks } of forks) {
    await expect(world.compute.start({ ...child, instanceId, disks: [] })).rejects.toThrow();
    const own = disks.map(({ copyId: volumeId }) => ({ deviceName: '/dev/xvda', volumeId }));
    await world.compute.start({ ...child, instanceId, disks: own });
  }
  expect(kept(world)).toEqual([]);
});
