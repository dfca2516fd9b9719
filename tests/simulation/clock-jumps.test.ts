import { hourMs, minuteMs, secondMs } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import { FakeWorld } from '@bakehouse/fakes';
import { describe, expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { attach, contentOf, launch, makeVolume, outputOf, snapshotOf } from './scenes.ts';
import { type PlatformRun, publishImage, startPlatform } from './simulated-platform.ts';

/** Somebody sets the host's clock: hours away, and back again. */
const there = [5 * hourMs, -5 * hourMs];

const stateOf = async (world: FakeWorld, id: InstanceId) =>
  (await world.metadata.read((tx) => tx.get('instance', id)))?.state;

const machineOf = (world: FakeWorld, id: InstanceId) =>
  world.compute.machines().find(({ spec }) => spec.instanceId === id);

async function statusOf(run: PlatformRun, instanceId: InstanceId) {
  const request = { InstanceIds: [instanceId] };
  const { InstanceStatuses } = outputOf(await run.call('DescribeInstanceStatus', request));
  const { SystemStatus, InstanceStatus, AttachedEbsStatus } = InstanceStatuses?.[0] ?? {};
  return [SystemStatus, InstanceStatus, AttachedEbsStatus].map((summary) => summary?.Status);
}

describe.each(there)('a clock that is set by %d ms and back', (jumpMs) => {
  test('ends nothing, forgets nothing, and new work gets done', async () => {
    const world = new FakeWorld();
    const run = await startPlatform(world);
    const { instanceId } = await launch(run, world);
    const volumeId = await makeVolume(run);
    await attach(run, instanceId, volumeId);
    const image = await publishImage(
      world,
      (await world.builder.bake({ recipe: 'bakehouse-linux' })).source,
    );
    const request = {
      ImageId: image.id,
      InstanceType: 't3.micro' as const,
      MinCount: 1,
      MaxCount: 1,
      ClientToken: 'before',
    };
    const first = outputOf(await run.call('RunInstances', request));
    await run.rest();
    await world.clock.advance(2 * minuteMs);
    const machine = machineOf(world, instanceId);
    for (const byMs of [jumpMs, -jumpMs]) {
      world.clock.jump(byMs);
      await world.clock.advance(10 * minuteMs);
      expect(await stateOf(world, instanceId)).toBe('running');
      expect(machineOf(world, instanceId)).toEqual(machine);
      expect(await statusOf(run, instanceId)).toEqual(['ok', 'ok', 'ok']);
      const again = outputOf(await run.call('RunInstances', request));
      expect(again.Instances?.[0]?.InstanceId).toBe(first.Instances?.[0]?.InstanceId);
      expect((await world.compute.list()).length).toBe(2);
      await checkWorld(world);
      await contentOf(run, world, await snapshotOf(run, volumeId));
      await checkWorld(world);
    }
  });

  test('in the middle of a launch and a snapshot leaves both to end well', async () => {
    const world = new FakeWorld();
    const run = await startPlatform(world);
    const { instanceId, rootId } = await launch(run, world);
    const capture = run.call('CreateSnapshot', { VolumeId: rootId });
    const reboot = run.call('RebootInstances', { InstanceIds: [instanceId] });
    for (const byMs of [jumpMs, -jumpMs]) {
      world.clock.jump(byMs);
      await world.clock.advance(50);
    }
    outputOf(await capture);
    outputOf(await reboot);
    await run.rest();
    await world.clock.advance(5 * minuteMs);
    expect(await stateOf(world, instanceId)).toBe('running');
    const snapshots = await world.metadata.read((tx) => tx.list('snapshot'));
    expect(snapshots.map(({ state }) => state)).toEqual(['completed', 'completed']);
    await checkWorld(world);
  });

  test('leaves a guest that does not obey the two minutes that it has to stop, and no more', async () => {
    const world = new FakeWorld();
    const run = await startPlatform(world);
    const { instanceId } = await launch(run, world);
    world.compute.ignorePowerButton(instanceId);
    outputOf(await run.call('StopInstances', { InstanceIds: [instanceId] }));
    await world.clock.advance(30 * secondMs);
    world.clock.jump(jumpMs);
    await world.clock.advance(60 * secondMs);
    expect(await stateOf(world, instanceId)).toBe('stopping');
    expect(machineOf(world, instanceId)?.state).toBe('running');
    world.clock.jump(-2 * jumpMs);
    await world.clock.advance(60 * secondMs);
    expect(await stateOf(world, instanceId)).toBe('stopped');
    await checkWorld(world);
  });

  test('keeps the order of work over a crash', async () => {
    const world = new FakeWorld();
    const run = await startPlatform(world);
    const { instanceId } = await launch(run, world);
    world.compute.ignorePowerButton(instanceId);
    outputOf(await run.call('StopInstances', { InstanceIds: [instanceId] }));
    world.clock.jump(jumpMs);
    outputOf(await run.call('TerminateInstances', { InstanceIds: [instanceId] }));
    run.life.end();
    world.clock.jump(-2 * jumpMs);
    const next = await startPlatform(world);
    await next.rest();
    expect(await stateOf(world, instanceId)).toBe('terminated');
    await checkWorld(world);
  });
});
