import { minuteMs } from '@bakehouse/base';
import type { Instance, InstanceId } from '@bakehouse/domain';
import { FakeWorld, settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { faultAtEachCall, type Scenario } from './fault-at-each-call.ts';
import { attach, beginForks, hold, launch, type Machine, makeVolume } from './scenes.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

/** A running instance with two volumes, and a volume that is free. */
interface Parent extends Machine {
  readonly pid: number | undefined;
}

const machineOf = (world: FakeWorld, id: InstanceId) =>
  world.compute.machines().find(({ spec }) => spec.instanceId === id);

async function prepare(run: PlatformRun, world: FakeWorld): Promise<Parent> {
  const machine = await launch(run, world);
  const attachedId = await makeVolume(run);
  await attach(run, machine.instanceId, attachedId);
  for (const id of [machine.rootId, attachedId]) world.volumes.write(id, 0, 'of the parent');
  world.memoryCopyMs = 3_000;
  return { ...machine, pid: machineOf(world, machine.instanceId)?.pid };
}

async function forksIn(world: FakeWorld): Promise<readonly Instance[]> {
  const instances = await world.metadata.read((tx) => tx.list('instance'));
  return instances.filter(({ forkedFrom }) => forkedFrom !== undefined);
}

/** A fork that runs goes on from its parent's memory, and has its disks; one without these does not stay. */
async function checkFork(world: FakeWorld, parent: Parent, fork: Instance): Promise<void> {
  if (fork.state === 'terminated') {
    expect(fork.stateReason?.message).toEqual(expect.any(String));
    return;
  }
  expect(fork.forkedFrom?.instant).toBeDefined();
  for (const { volumeId } of fork.volumes) {
    expect(world.volumes.read(volumeId, 0)).toBe('of the parent');
  }
  if (fork.state !== 'running') return;
  const memory = { restoredAt: expect.any(Number), forkOf: parent.instanceId };
  expect(machineOf(world, fork.id)?.memory).toEqual(memory);
}

/** What must be true of forks and their parent at rest, whatever has failed. */
async function checkFamily(world: FakeWorld, parent: Parent): Promise<void> {
  await checkWorld(world);
  for (const fork of await forksIn(world)) await checkFork(world, parent, fork);
  const record = await world.metadata.read((tx) => tx.get('instance', parent.instanceId));
  if (record?.state !== 'running') return;
  expect(machineOf(world, parent.instanceId)).toMatchObject({ state: 'running', pid: parent.pid });
}

interface Act {
  /** Of a call in the middle of a fork of two. */
  readonly call: (run: PlatformRun, parent: Parent, forks: readonly Instance[]) => Promise<unknown>;
  readonly forks: readonly Instance['state'][];
  /** Where it is not as it was. */
  readonly parent?: Instance['state'];
}

const bothRun = ['running', 'running'] as const;
const bothEnd = ['terminated', 'terminated'] as const;
const idsOf = (forks: readonly (Instance | undefined)[]) => forks.flatMap((fork) => fork?.id ?? []);
const secondVolumeOf = (fork: Instance | undefined) => fork?.volumes[1]?.volumeId ?? '';

const actsOnForks: Readonly<Record<string, Act>> = {
  'no other call': { call: async () => {}, forks: bothRun },
  'termination of one fork': {
    call: (run, _, [first]) => run.call('TerminateInstances', { InstanceIds: idsOf([first]) }),
    forks: ['terminated', 'running'],
  },
  'termination of the other fork': {
    call: (run, _, [, second]) => run.call('TerminateInstances', { InstanceIds: idsOf([second]) }),
    forks: ['running', 'terminated'],
  },
  'termination of all forks': {
    call: (run, _, forks) => run.call('TerminateInstances', { InstanceIds: idsOf(forks) }),
    forks: bothEnd,
  },
  'stop of one fork': {
    call: (run, _, [first]) => run.call('StopInstances', { InstanceIds: idsOf([first]) }),
    forks: ['terminated', 'running'],
  },
  'forced stop of all forks': {
    call: (run, _, forks) => run.call('StopInstances', { InstanceIds: idsOf(forks), Force: true }),
    forks: bothEnd,
  },
  'reboot of the forks': {
    call: (run, _, forks) => run.call('RebootInstances', { InstanceIds: idsOf(forks) }),
    forks: bothRun,
  },
  "detachment of a fork's volume": {
    call: (run, _, [first]) => run.call('DetachVolume', { VolumeId: secondVolumeOf(first) }),
    forks: bothRun,
  },
  "growth of a fork's volume": {
    call: (run, _, [first]) =>
      run.call('ModifyVolume', { VolumeId: secondVolumeOf(first), Size: 3 }),
    forks: bothRun,
  },
  "a snapshot of a fork's volume": {
    call: (run, _, [first]) => run.call('CreateSnapshot', { VolumeId: secondVolumeOf(first) }),
    forks: bothRun,
  },
};

const actsOnParent: Readonly<Record<string, Act>> = {
  'termination of the parent': {
    call: (run, { instanceId }) => run.call('TerminateInstances', { InstanceIds: [instanceId] }),
    ...{ parent: 'terminated', forks: bothEnd },
  },
  'stop of the parent': {
    call: (run, { instanceId }) => run.call('StopInstances', { InstanceIds: [instanceId] }),
    ...{ parent: 'stopped', forks: bothEnd },
  },
  'reboot of the parent': {
    call: (run, { instanceId }) => run.call('RebootInstances', { InstanceIds: [instanceId] }),
    forks: bothRun,
  },
  'a snapshot of the parent': {
    call: (run, { rootId }) => run.call('CreateSnapshot', { VolumeId: rootId }),
    forks: bothRun,
  },
};
const acts = { ...actsOnForks, ...actsOnParent };

async function scene() {
  const world = new FakeWorld({ seed: 'forks' });
  const run = await startPlatform(world);
  return { world, run, parent: await prepare(run, world) };
}

const stateOf = async (world: FakeWorld, { instanceId }: Parent) =>
  (await world.metadata.read((tx) => tx.get('instance', instanceId)))?.state;

test.each(Object.entries(acts))('%s while memory is copied', async (_, act) => {
  const { world, run, parent } = await scene();
  await beginForks(run, parent.instanceId);
  expect(machineOf(world, parent.instanceId)).toMatchObject({ state: 'running', fork: {} });
  await act.call(run, parent, await forksIn(world));
  await run.rest();
  await checkFamily(world, parent);
  expect((await forksIn(world)).map(({ state }) => state)).toEqual(act.forks);
  expect(await stateOf(world, parent)).toBe(act.parent ?? 'running');
});

const laterPoints = { 'the guest is stopped': 'goOn', 'the forks get their memory': 'handOut' };

test.each(
  Object.entries(laterPoints).flatMap(([when, member]) =>
    Object.entries(actsOnForks).map(([what, act]) => ({ when, member, what, act }) as const),
  ),
)('$what while $when', async ({ member, act }) => {
  const { world, run, parent } = await scene();
  const held = hold(world.compute.forking, member as 'goOn' | 'handOut');
  world.memoryCopyMs = 0;
  await beginForks(run, parent.instanceId);
  const calling = act.call(run, parent, await forksIn(world));
  await world.clock.advance(200);
  const state = member === 'goOn' ? 'paused' : 'running';
  expect(machineOf(world, parent.instanceId)?.state).toBe(state);
  held.release();
  await calling;
  await run.rest();
  await checkFamily(world, parent);
  expect((await forksIn(world)).map((fork) => fork.state)).toEqual(act.forks);
});

test.each([
  'termination of all forks',
  'forced stop of all forks',
  'termination of the parent',
  'stop of the parent',
])('%s ends the copying at once', async (name) => {
  const { world, run, parent } = await scene();
  world.memoryCopyMs = 9 * minuteMs;
  await beginForks(run, parent.instanceId);
  const since = world.clock.now();
  await acts[name]?.call(run, parent, await forksIn(world));
  await world.clock.advanceUntil(() => !machineOf(world, parent.instanceId)?.fork);
  expect(world.clock.now() - since).toBeLessThan(minuteMs);
  await run.rest();
  await checkFamily(world, parent);
});

test.each(Object.entries(acts))(
  'a guest that was stopped when the server died goes on with the next, after %s',
  async (_, act) => {
    const { world, run, parent } = await scene();
    hold(world.compute.forking, 'goOn');
    await beginForks(run, parent.instanceId);
    await world.clock.advance(world.memoryCopyMs);
    void act.call(run, parent, await forksIn(world));
    await settle();
    run.life.end();
    const diedAt = world.clock.now();
    await world.clock.advance(minuteMs);
    expect(machineOf(world, parent.instanceId)).toMatchObject({ state: 'paused', fork: {} });
    Reflect.deleteProperty(world.compute.forking, 'goOn');
    const next = await startPlatform(world);
    await next.rest();
    await checkFamily(world, parent);
    const forks = await forksIn(world);
    expect(forks.map(({ state }) => state)).toEqual(act.forks);
    for (const { state, forkedFrom } of forks) {
      if (state === 'running') expect(forkedFrom?.instant?.at).toBeGreaterThan(diedAt);
    }
  },
);

/** Each takes seconds. They differ in the work that waits for the fork. */
const triedWithFaults: ReadonlySet<string> = new Set([
  'termination of one fork',
  'stop of one fork',
  "detachment of a fork's volume",
  'termination of the parent',
  'a snapshot of the parent',
]);

const scenarioOf = (act: Act): Scenario<Parent> => ({
  prepare,
  async act(run, parent, world) {
    await beginForks(run, parent.instanceId);
    if (!run.life.isOver) await act.call(run, parent, await forksIn(world));
  },
  verdict: checkFamily,
});

test.each(Object.entries(acts).filter(([name]) => triedWithFaults.has(name)))(
  '%s while memory is copied: a fault at each call leaves a whole',
  async (_, act) => {
    expect(await faultAtEachCall(scenarioOf(act))).toBeGreaterThan(20);
  },
);
