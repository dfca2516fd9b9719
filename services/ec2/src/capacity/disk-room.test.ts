import type { Ec2Operations } from '@bakehouse/aws-model';
import type { RoomReporter } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { ec2Api } from '../api.ts';
import { type TestContext, testContext } from '../testing/test-context.ts';

const zone = 'us-east-1a';
const words = 'the file system of /data is full';

/** Calls an operation on a host that has these shortages. */
async function callWith<Name extends 'CreateVolume' | 'CreateSnapshot' | 'CreateSnapshots'>(
  world: TestContext,
  room: RoomReporter,
  [name, request]: [Name, Ec2Operations[Name]['input']],
) {
  const context = await world.operationContext();
  return await ec2Api.call(name, { ...context, diskRoom: room }, request);
}

const full: RoomReporter = { shortages: async () => [words] };

async function launched(world: TestContext) {
  const { id: ImageId } = await world.addImage();
  const request = { ImageId, InstanceType: 't3.micro' as const, MinCount: 1, MaxCount: 1 };
  const { Instances } = await world.call('RunInstances', request);
  await world.settle();
  const { InstanceId = '' } = Instances?.[0] ?? {};
  const { Reservations } = await world.call('DescribeInstances', { InstanceIds: [InstanceId] });
  const disk = Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings?.[0];
  return { InstanceId, ImageId, VolumeId: disk?.Ebs?.VolumeId ?? '' };
}

test('nothing that needs room is begun on a full disk, and nothing of it stays', async () => {
  const world = await testContext();
  const { InstanceId, ImageId, VolumeId } = await launched(world);
  const before = await world.metadata.read(async (tx) => [
    await tx.list('volume'),
    await tx.list('snapshot'),
    await tx.list('image'),
    await tx.list('instance'),
    await tx.list('fastLaunch'),
  ]);
  const calls = {
    CreateVolume: { AvailabilityZone: zone, Size: 1, ClientToken: 'first' },
    CreateSnapshot: { VolumeId },
    CreateSnapshots: { InstanceSpecification: { InstanceId } },
    CreateImage: { InstanceId, Name: 'full', NoReboot: true },
    EnableFastLaunch: { ImageId },
    RunInstances: { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 },
  };
  for (const [name, request] of Object.entries(calls)) {
    const call = [name, request] as unknown as ['CreateVolume', object & { Size: number }];
    await expect(callWith(world, full, call)).rejects.toMatchObject({
      code: 'InsufficientVolumeCapacity',
      message: words,
    });
  }
  await world.settle();
  const after = await world.metadata.read(async (tx) => [
    await tx.list('volume'),
    await tx.list('snapshot'),
    await tx.list('image'),
    await tx.list('instance'),
    await tx.list('fastLaunch'),
  ]);
  expect(after).toEqual(before);
});

test('what was returned is returned again, and errors come first', async () => {
  const world = await testContext();
  const request = { AvailabilityZone: zone, Size: 1, ClientToken: 'first' };
  const { VolumeId } = await world.call('CreateVolume', request);
  expect(await callWith(world, full, ['CreateVolume', request])).toMatchObject({ VolumeId });
  const wrong = callWith(world, full, ['CreateVolume', { AvailabilityZone: 'nowhere', Size: 1 }]);
  await expect(wrong).rejects.toMatchObject({ code: 'InvalidZone.NotFound' });
  const retried = { AvailabilityZone: zone, Size: 1, ClientToken: 'second' };
  await expect(callWith(world, full, ['CreateVolume', retried])).rejects.toThrow(words);
  const room: RoomReporter = { shortages: async () => [] };
  expect(await callWith(world, room, ['CreateVolume', retried])).toMatchObject({
    State: 'creating',
  });
});
