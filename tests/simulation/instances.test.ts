import type { InstanceId, InstanceState } from '@bakehouse/domain';
import type { FakeWorld } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { faultAtEachCall, type Scenario } from './fault-at-each-call.ts';
import { launch, outputOf } from './scenes.ts';
import { type PlatformRun, publishImage } from './simulated-platform.ts';

const stateOf = async (world: FakeWorld, id: InstanceId) =>
  (await world.metadata.read((tx) => tx.get('instance', id)))?.state;

/** Ports, metadata and interface records exist for the instances that they belong to, and for no others. */
async function checkSurroundings(world: FakeWorld): Promise<void> {
  const { instances, nics } = await world.metadata.read(async (tx) => ({
    instances: await tx.list('instance'),
    nics: await tx.list('networkInterface'),
  }));
  const running = instances.filter(({ state }) => state === 'running');
  const alive = instances.filter(({ state }) => state !== 'terminated');
  expect(new Set(await world.publisher.list())).toEqual(new Set(running.map(({ id }) => id)));
  expect(new Set(await world.network.list())).toEqual(
    new Set(running.map((instance) => instance.networkInterfaceId)),
  );
  const attached = nics.filter(({ attachment }) => attachment !== undefined);
  expect(new Set(attached.map(({ id }) => id))).toEqual(
    new Set(alive.map((instance) => instance.networkInterfaceId)),
  );
  for (const nic of attached.filter(({ id }) =>
    running.every((i) => i.networkInterfaceId !== id),
  )) {
    expect(nic.publicIp).toBeUndefined();
  }
}

/** From every state that work may end in, everything can be terminated, and then nothing is left. */
async function checkAllCanEnd(world: FakeWorld, run: PlatformRun): Promise<void> {
  const instances = await world.metadata.read((tx) => tx.list('instance'));
  const InstanceIds = instances.map(({ id }) => id);
  if (InstanceIds.length === 0) return;
  outputOf(await run.call('TerminateInstances', { InstanceIds }));
  await run.rest();
  for (const id of InstanceIds) expect(await stateOf(world, id)).toBe('terminated');
  await checkWorld(world);
  await checkSurroundings(world);
  expect(await world.volumes.list()).toEqual([]);
}

interface Work<Facts> {
  prepare(run: PlatformRun, world: FakeWorld): Promise<Facts>;
  act(run: PlatformRun, facts: Facts, world: FakeWorld): Promise<unknown>;
  instanceOf(facts: Facts, world: FakeWorld): Promise<InstanceId | undefined>;
  /** Where the instance may end: done, unwound, or never asked for. */
  readonly ends: readonly (InstanceState | undefined)[];
}

const scenario = <Facts>(work: Work<Facts>): Scenario<Facts> => ({
  prepare: work.prepare,
  act: async (run, facts, world) => void (await work.act(run, facts, world)),
  async verdict(world, facts, run) {
    const id = await work.instanceOf(facts, world);
    expect(work.ends).toContain(id && (await stateOf(world, id)));
    await checkSurroundings(world);
    await checkAllCanEnd(world, run);
  },
});

type Verb = 'StartInstances' | 'StopInstances' | 'TerminateInstances' | 'RebootInstances';

interface Asked {
  readonly verb: Verb;
  readonly ends: readonly InstanceState[];
  readonly force?: boolean;
  readonly stopped?: boolean;
}

/** A verb that is said to a running or a stopped instance. */
const asking = ({ verb, ends, force, stopped }: Asked): Scenario<InstanceId> =>
  scenario({
    async prepare(run, world) {
      const { instanceId } = await launch(run, world);
      if (stopped) outputOf(await run.call('StopInstances', { InstanceIds: [instanceId] }));
      return instanceId;
    },
    act: (run, id) => run.call(verb, { InstanceIds: [id], ...(force ? { Force: true } : {}) }),
    instanceOf: async (id) => id,
    ends,
  });

test('RunInstances: a fault at each call leaves an instance that runs, or has ended, or never was', async () => {
  const launching = scenario({
    async prepare(_, world) {
      const { source } = await world.builder.bake({ recipe: 'bakehouse-linux' });
      return await publishImage(world, source);
    },
    act: (run, { id: ImageId }) =>
      run.call('RunInstances', { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 }),
    async instanceOf(_, world) {
      const [instance] = await world.metadata.read((tx) => tx.list('instance'));
      return instance?.id;
    },
    ends: ['running', 'terminated', undefined],
  });
  expect(await faultAtEachCall(launching)).toBeGreaterThan(20);
});

test.each<[name: string, asked: Asked]>([
  ['StartInstances', { verb: 'StartInstances', stopped: true, ends: ['running', 'stopped'] }],
  ['StopInstances', { verb: 'StopInstances', ends: ['stopped', 'running'] }],
  ['StopInstances by force', { verb: 'StopInstances', force: true, ends: ['stopped', 'running'] }],
  ['TerminateInstances', { verb: 'TerminateInstances', ends: ['terminated', 'running'] }],
  [
    'TerminateInstances of a stopped one',
    { verb: 'TerminateInstances', stopped: true, ends: ['terminated', 'stopped'] },
  ],
  ['RebootInstances', { verb: 'RebootInstances', ends: ['running'] }],
])('%s: a fault at each call leaves a whole', async (_, asked) => {
  expect(await faultAtEachCall(asking(asked))).toBeGreaterThan(10);
});

test('a stop, overtaken by a forced terminate: a fault at each call ends in an end', async () => {
  const both = scenario({
    prepare: launch,
    async act(run, { instanceId }, world) {
      world.compute.ignorePowerButton(instanceId);
      await run.call('StopInstances', { InstanceIds: [instanceId] });
      await run.call('TerminateInstances', { InstanceIds: [instanceId], Force: true });
    },
    instanceOf: async ({ instanceId }) => instanceId,
    ends: ['terminated', 'stopped', 'running'],
  });
  expect(await faultAtEachCall(both)).toBeGreaterThan(20);
});

test.each([
  ['stop', 'stopped'],
  ['terminate', 'terminated'],
] as const)(
  'a guest that powers itself off, behaviour %s: whatever fails, it ends %s',
  async (behaviour, end) => {
    const poweringOff = scenario({
      async prepare(run, world) {
        const { instanceId } = await launch(run, world);
        outputOf(
          await run.call('ModifyInstanceAttribute', {
            InstanceId: instanceId,
            InstanceInitiatedShutdownBehavior: { Value: behaviour },
          }),
        );
        return instanceId;
      },
      async act(run, id, world) {
        world.compute.exit(id, 'guest-shutdown');
        await run.rest();
      },
      instanceOf: async (id) => id,
      // A server that was down when the guest powered off finds at its start that the machine ended, but not why.
      ends: behaviour === 'stop' ? [end] : [end, 'stopped'],
    });
    await faultAtEachCall(poweringOff);
  },
);
