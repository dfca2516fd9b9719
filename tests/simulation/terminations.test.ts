import type { InstanceId } from '@bakehouse/domain';
import { FakeWorld, settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { attach, launch, type Machine, makeVolume, outputOf } from './scenes.ts';
import { type PlatformRun, publishImage, startPlatform } from './simulated-platform.ts';

interface Guest extends Machine {
  readonly world: FakeWorld;
  readonly run: PlatformRun;
}

/** A guest that does not hear the power button. */
async function deafGuest(seed: string): Promise<Guest> {
  const world = new FakeWorld({ seed });
  const run = await startPlatform(world);
  const machine = await launch(run, world);
  world.compute.ignorePowerButton(machine.instanceId);
  return { world, run, ...machine };
}

/** The status check has seen the guest on its network, or not yet. */
async function seenAs({ world, instanceId }: Guest, state: 'ok' | 'initializing'): Promise<void> {
  await world.metadata.write(async (tx) => {
    const instance = await tx.get('instance', instanceId);
    if (!instance) throw new Error('the guest has a record');
    await tx.put('instance', { ...instance, status: { system: 'ok', instance: state } });
  });
}

const keepVolume = async ({ run, instanceId }: Guest) =>
  await attach(run, instanceId, await makeVolume(run));

/** How long an end takes, in simulated time. */
async function endMs(
  { world, run, instanceId }: Guest,
  verb: 'TerminateInstances' | 'StopInstances',
  options: { SkipOsShutdown?: boolean; Force?: boolean } = {},
): Promise<number> {
  const since = world.clock.elapsed();
  outputOf<object>(await run.call(verb, { InstanceIds: [instanceId], ...options }));
  await run.rest();
  await checkWorld(world);
  expect(await world.compute.list()).toEqual([]);
  return world.clock.elapsed() - since;
}

test.each([
  ['boots', 'initializing'],
  ['is up', 'ok'],
] as const)(
  'a guest that %s is terminated at once when its volumes go with it',
  async (_, state) => {
    const guest = await deafGuest('nothing kept');
    await seenAs(guest, state);
    expect(await endMs(guest, 'TerminateInstances')).toBe(0);
  },
);

test('a guest that boots is terminated at once, also when it has a volume that is kept', async () => {
  const guest = await deafGuest('boots');
  await keepVolume(guest);
  await seenAs(guest, 'initializing');
  expect(await endMs(guest, 'TerminateInstances')).toBe(0);
});

test('a guest that is up may write to a volume that is kept, for a bounded time', async () => {
  const guest = await deafGuest('kept');
  await keepVolume(guest);
  await seenAs(guest, 'ok');
  const took = await endMs(guest, 'TerminateInstances');
  expect(took).toBeGreaterThanOrEqual(10_000);
  expect(took).toBeLessThan(11_000);
});

test('a guest that is up and hears the button shuts down by itself before its kept volume is free', async () => {
  const world = new FakeWorld({ seed: 'hears' });
  const run = await startPlatform(world);
  const guest = { world, run, ...(await launch(run, world)) };
  await keepVolume(guest);
  await seenAs(guest, 'ok');
  const ends: string[] = [];
  world.compute.watch((event) => void (event.kind === 'exited' && ends.push(event.reason)));
  await endMs(guest, 'TerminateInstances');
  expect(ends).toEqual(['guest-shutdown']);
});

test.each([{ SkipOsShutdown: true }, { Force: true }])(
  'with %j a kept volume is not waited for, in a termination or a stop',
  async (options) => {
    for (const verb of ['TerminateInstances', 'StopInstances'] as const) {
      const guest = await deafGuest('skipped');
      await keepVolume(guest);
      await seenAs(guest, 'ok');
      expect(await endMs(guest, verb, options)).toBe(0);
    }
  },
);

test('a stop keeps its grace, until a termination overtakes it', async () => {
  const guest = await deafGuest('stop');
  const { world, run, instanceId } = guest;
  await seenAs(guest, 'ok');
  outputOf<object>(await run.call('StopInstances', { InstanceIds: [instanceId] }));
  await world.clock.advance(30_000);
  expect(await world.compute.list()).toHaveLength(1);
  expect(await endMs(guest, 'TerminateInstances')).toBeLessThan(1_000);
});

/** What a termination asks of the drivers, in this order. */
const calls = {
  compute: ['kill', 'forget'],
  network: ['unplug'],
  publisher: ['withdraw'],
  volumes: ['remove'],
} as const;

/** Lets each call wait until as many are under way as there are guests. */
function meet(port: object, member: string, guests: number): () => number {
  const call: unknown = Reflect.get(port, member);
  if (typeof call !== 'function') throw new Error(`${member} is no call`);
  const { promise, resolve } = Promise.withResolvers<void>();
  let arrived = 0;
  Reflect.set(port, member, async (...given: unknown[]) => {
    arrived += 1;
    if (arrived === guests) resolve();
    await promise;
    return await Reflect.apply(call, port, given);
  });
  return () => arrived;
}

test('ten guests end in the time of one: no call of one end waits for another guest', async () => {
  const guests = 10;
  const world = new FakeWorld({ seed: 'ten' });
  const run = await startPlatform(world);
  const { source } = await world.builder.bake({ recipe: 'bakehouse-linux' });
  const { id: ImageId } = await publishImage(world, source);
  const count = { MinCount: guests, MaxCount: guests };
  const launched = outputOf(
    await run.call('RunInstances', { ImageId, InstanceType: 't3.micro', ...count }),
  );
  await run.rest();
  const ids = launched.Instances?.map((each) => each.InstanceId as InstanceId) ?? [];
  const met = Object.entries(calls).flatMap(([port, members]) =>
    members.map((member) => meet(world[port as keyof typeof calls], member, guests)),
  );
  outputOf<object>(await run.call('TerminateInstances', { InstanceIds: ids }));
  // Without this, calls that wait for each other would wait for ever.
  for (let turn = 0; turn < 20; turn += 1) await settle();
  expect(met.map((arrived) => arrived())).toEqual(met.map(() => guests));
  await run.rest();
  expect(await world.compute.kept()).toEqual([]);
  await checkWorld(world);
});
