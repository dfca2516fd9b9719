import { adminHandlers } from '@bakehouse/orchestration';
import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';

/** An instance that is being forked until the returned function is called. */
async function forking() {
  const world = await testContext('a snapshot while forks are made');
  const image = await world.addImage();
  const launch = { ImageId: image.id, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;
  const [launched] = (await world.call('RunInstances', launch)).Instances ?? [];
  await world.settle();
  const [parent] = await world.read((reader) => reader.list('instance'));
  const [root] = parent?.volumes ?? [];
  if (!launched || !parent || !root) throw new Error('an instance with a volume runs');
  const { compute } = world.drivers;
  const fork = compute.fork.bind(compute);
  const begun = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  compute.fork = async (spec, options) => {
    begun.resolve();
    await going.promise;
    return await fork(spec, options);
  };
  const context = world.plane.adminContext(world.scope, new AbortController().signal);
  const forked = adminHandlers.InstanceFork(context, { instanceId: parent.id }, () => {});
  await begun.promise;
  return { world, parent, volumeId: root.volumeId, goOn: going.resolve, forked };
}

test('a snapshot that is asked for while an instance is forked is taken after that', async () => {
  const { world, volumeId, goOn, forked } = await forking();
  const asked = world.call('CreateSnapshot', { VolumeId: volumeId });
  goOn();
  await forked;
  expect(await asked).toMatchObject({ State: 'pending', VolumeId: volumeId });
  await world.settle();
  const snapshots = await world.read((reader) =>
    reader.list('snapshot', { where: { volume: [volumeId] } }),
  );
  expect(snapshots.map(({ state }) => state)).toEqual(['completed']);
});

test('one whose fork takes long is refused, with the reason', async () => {
  const { world, parent, volumeId, goOn, forked } = await forking();
  const asked = world.call('CreateSnapshot', { VolumeId: volumeId });
  const refused = expect(asked).rejects.toMatchObject({
    code: 'IncorrectState',
    message: expect.stringContaining(`was busy with the fork of ${parent.id} for 55 s`),
  });
  await world.clock.advance(60_000);
  await refused;
  goOn();
  await forked;
  await world.settle();
  const where = { volume: [volumeId] };
  expect(await world.read((reader) => reader.list('snapshot', { where }))).toEqual([]);
});
