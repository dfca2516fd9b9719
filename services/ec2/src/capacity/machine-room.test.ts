import { silentLogger } from '@bakehouse/base';
import { FakeWorld } from '@bakehouse/fakes';
import { createControlPlane, firstAccountId, platformAccountId } from '@bakehouse/orchestration';
import { aHostId, anInstance } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { ec2Api } from '../api.ts';
import { testContext } from '../testing/test-context.ts';

/** A platform with room for two machines of t3.micro. */
async function smallPlatform() {
  const world = new FakeWorld({ memoryMiB: 2048 });
  const { addImage, metadata } = await testContext();
  const image = await addImage();
  const snapshots = await metadata.read((reader) => reader.list('snapshot'));
  const { mapId } = snapshots[0] ?? {};
  if (!mapId) throw new Error('the image has a snapshot');
  await world.metadata.write(async (tx) => {
    for (const snapshot of snapshots) await tx.put('snapshot', snapshot);
    await tx.put('image', image);
  });
  const source = { kind: 'file', path: '/image' } as const;
  world.sources.offer(source, { sizeBytes: 2 ** 30, blocks: new Map(), changed: [] });
  await world.snapshots.capture({ mapId, source });
  const plane = createControlPlane({
    metadata: world.metadata,
    drivers: world,
    clock: world.clock,
    ids: world.ids,
    logger: silentLogger,
    settings: {
      regions: ['us-east-1'],
      platformAccountId,
      compute: 'simulated',
      hostId: aHostId,
      publicCidr: '127.18.0.0/16',
    },
  });
  await plane.start();
  const scope = { accountId: firstAccountId, region: 'us-east-1' };
  return {
    world,
    plane,
    async run(MinCount: number, MaxCount: number, more: object = {}) {
      const context = await plane.operationContext(scope, 'a-request');
      const request = { ImageId: image.id, InstanceType: 't3.micro', MinCount, MaxCount, ...more };
      const answer = await ec2Api.call('RunInstances', context, request);
      await plane.engine.settle();
      return (answer as { Instances: unknown[] }).Instances.length;
    },
  };
}

test('as many instances are launched as there is room for, from the least to the most', async () => {
  const { run, world } = await smallPlatform();
  expect(await run(1, 5)).toBe(2);
  expect(await world.compute.list()).toHaveLength(2);
});

test('the room is measured for the type in whatever case it is named', async () => {
  const { run } = await smallPlatform();
  expect(await run(1, 5, { InstanceType: ' T3.MICRO' })).toBe(2);
});

test('without room for the least, nothing is launched, and the message has the arithmetic', async () => {
  const { run, world } = await smallPlatform();
  await expect(run(3, 5)).rejects.toMatchObject({
    code: 'InsufficientInstanceCapacity',
    message: expect.stringContaining('0 of 2048 MiB in use'),
  });
  expect(await world.metadata.read((reader) => reader.list('instance'))).toEqual([]);
});

test('a type that is larger than the host is refused with the arithmetic', async () => {
  const { run, world } = await smallPlatform();
  await expect(run(1, 1, { InstanceType: 'x2iedn.32xlarge' })).rejects.toMatchObject({
    code: 'InsufficientInstanceCapacity',
    message: expect.stringMatching(/4194304 MiB.* of 2048 MiB in use/),
  });
  expect(await world.metadata.read((reader) => reader.list('instance'))).toEqual([]);
});

test('of two launches at once, one gets the last room', async () => {
  const { run, world } = await smallPlatform();
  const outcomes = await Promise.allSettled([run(2, 2), run(1, 1), run(1, 1)]);
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  for (const outcome of refused) {
    expect(outcome).toMatchObject({
      reason: {
        code: 'InsufficientInstanceCapacity',
        message: expect.stringMatching(/MiB go to instances that are starting|2048 MiB in use/),
      },
    });
  }
  const instances = await world.metadata.read((reader) => reader.list('instance'));
  expect(instances.map(({ state }) => state)).toEqual(['running', 'running']);
});

test('what starts on another host takes no room here', async () => {
  const { run, world } = await smallPlatform();
  const pending = anInstance({ state: 'pending', hostId: 'host-0bbbbbbbbbbbbbbb1' });
  await world.metadata.write((tx) => tx.put('instance', pending));
  expect(await run(1, 5)).toBe(2);
});

test('a repeated client token returns the first launch, although no room is left', async () => {
  const { run } = await smallPlatform();
  expect(await run(2, 2, { ClientToken: 'once' })).toBe(2);
  expect(await run(2, 2, { ClientToken: 'once' })).toBe(2);
});

test('a launch that fails for want of memory ends terminated, and leaves nothing', async () => {
  const { run, world } = await smallPlatform();
  // The capacity was measured before another request took it.
  world.compute.capacityFor = async (_, count) => ({ count });
  await run(3, 3);
  const instances = await world.metadata.read((reader) => reader.list('instance'));
  const ended = instances.filter(({ state }) => state === 'terminated');
  expect(ended).toMatchObject([
    { stateReason: { code: 'Server.InsufficientInstanceCapacity' }, volumes: [] },
  ]);
  expect(await world.volumes.list()).toHaveLength(2);
  expect(await world.metadata.read((reader) => reader.list('volume'))).toHaveLength(2);
  expect(await world.network.list()).toHaveLength(2);
});
