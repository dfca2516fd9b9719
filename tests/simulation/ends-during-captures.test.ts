import { FakeWorld } from '@bakehouse/fakes';
import { expect, test, vi } from 'vitest';
import { checkWorld } from './check-world.ts';
import { faultAtEachCall, type Scenario } from './fault-at-each-call.ts';
import { contentOf, launch, type Machine, outputOf } from './scenes.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

const captures = {
  CreateSnapshot: (run: PlatformRun, { rootId }: Machine) =>
    run.call('CreateSnapshot', { VolumeId: rootId }),
  CreateSnapshots: (run: PlatformRun, { instanceId }: Machine) =>
    run.call('CreateSnapshots', { InstanceSpecification: { InstanceId: instanceId } }),
  'CreateImage without reboot': (run: PlatformRun, { instanceId }: Machine) =>
    run.call('CreateImage', { InstanceId: instanceId, Name: 'at once', NoReboot: true }),
};

const ends = {
  TerminateInstances: (run: PlatformRun, { instanceId }: Machine) =>
    run.call('TerminateInstances', { InstanceIds: [instanceId] }),
  'forced TerminateInstances': (run: PlatformRun, { instanceId }: Machine) =>
    run.call('TerminateInstances', { InstanceIds: [instanceId], Force: true }),
  StopInstances: (run: PlatformRun, { instanceId }: Machine) =>
    run.call('StopInstances', { InstanceIds: [instanceId] }),
  'forced StopInstances': (run: PlatformRun, { instanceId }: Machine) =>
    run.call('StopInstances', { InstanceIds: [instanceId], Force: true }),
};

const pairs = Object.entries(captures).flatMap(([capture, take]) =>
  Object.entries(ends).map(([end, act]) => ({ capture, end, take, act })),
);

test.each(pairs)(
  '$end during $capture ends the guest at once, and the snapshot has its own instant',
  async ({ take, act }) => {
    const world = new FakeWorld({ seed: 'ends' });
    const run = await startPlatform(world);
    const machine = await launch(run, world);
    const { promise: mayRead, resolve: read } = Promise.withResolvers<void>();
    const capture = world.snapshots.capture.bind(world.snapshots);
    world.snapshots.capture = async (...call) => {
      await mayRead;
      return await capture(...call);
    };
    world.volumes.write(machine.rootId, 0, 'before');
    outputOf<object>(await take(run, machine));
    world.volumes.write(machine.rootId, 0, 'after');
    outputOf<object>(await act(run, machine));
    const states = async () => (await world.compute.list()).map(({ state }) => state);
    await vi.waitFor(async () => expect(await states()).toEqual(['halted']));
    read();
    await run.rest();
    expect(await states()).toEqual([]);
    const where = { volume: [machine.rootId] };
    const [snapshot] = await world.metadata.read((tx) => tx.list('snapshot', { where }));
    expect(snapshot?.state).toBe('completed');
    if (snapshot) expect((await contentOf(run, world, snapshot.id)).get(0)).toBe('before');
    await checkWorld(world);
  },
);

const scenario: Scenario<Machine> = {
  prepare: launch,
  async act(run, machine) {
    await captures.CreateSnapshot(run, machine);
    await ends.TerminateInstances(run, machine);
  },
  async verdict(world, { instanceId }) {
    const instance = await world.metadata.read((tx) => tx.get('instance', instanceId));
    const machines = await world.compute.list();
    expect(machines.map((each) => each.instanceId)).toEqual(
      instance?.state === 'running' ? [instanceId] : [],
    );
  },
};

test('TerminateInstances during CreateSnapshot: a fault at each call leaves a whole', async () => {
  expect(await faultAtEachCall(scenario)).toBeGreaterThan(3);
});
