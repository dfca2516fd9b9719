import { GiB } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { type TestContext, testContext } from '../../testing/test-context.ts';

const zone = 'us-east-1a';

async function launched(world: TestContext): Promise<string> {
  const image = await world.addImage();
  const run = await world.call('RunInstances', {
    ImageId: image.id,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    Placement: { AvailabilityZone: zone },
  });
  await world.settle();
  return run.Instances?.[0]?.InstanceId ?? '';
}

async function madeVolume(world: TestContext, size = 1): Promise<string> {
  const made = await world.call('CreateVolume', { AvailabilityZone: zone, Size: size });
  expect(made.State).toBe('creating');
  await world.settle();
  return made.VolumeId ?? '';
}

async function describe(world: TestContext, id: string) {
  const answer = await world.call('DescribeVolumes', { VolumeIds: [id] });
  return answer.Volumes?.[0];
}

test('a volume is attached to a running instance, detached, and deleted', async () => {
  const world = await testContext();
  const InstanceId = await launched(world);
  const VolumeId = await madeVolume(world);
  const attaching = await world.call('AttachVolume', { VolumeId, InstanceId, Device: '/dev/sdf' });
  expect(attaching).toMatchObject({ State: 'attaching', Device: '/dev/sdf' });
  await world.settle();
  expect(await describe(world, VolumeId)).toMatchObject({
    State: 'in-use',
    Attachments: [{ State: 'attached', InstanceId, DeleteOnTermination: false }],
  });
  expect(world.powers.compute.userOf(VolumeId as `vol-${string}`)).toBe(InstanceId);
  await world.call('DetachVolume', { VolumeId });
  await world.settle();
  expect(await describe(world, VolumeId)).toMatchObject({ State: 'available', Attachments: [] });
  expect(world.powers.compute.userOf(VolumeId as `vol-${string}`)).toBeUndefined();
  await world.call('DeleteVolume', { VolumeId });
  await world.settle();
  await expect(describe(world, VolumeId)).rejects.toMatchObject({ code: 'InvalidVolume.NotFound' });
  expect(await world.powers.volumes.list()).not.toContain(VolumeId);
});

test('a volume from a snapshot has its size or more', async () => {
  const world = await testContext();
  const VolumeId = await madeVolume(world, 2);
  const snapshot = await world.call('CreateSnapshot', { VolumeId });
  await world.settle();
  const SnapshotId = snapshot.SnapshotId ?? '';
  const make = (Size?: number) =>
    world.call('CreateVolume', { AvailabilityZone: zone, SnapshotId, ...(Size ? { Size } : {}) });
  expect(await make()).toMatchObject({ Size: 2, SnapshotId });
  const larger = await make(3);
  await world.settle();
  expect(world.powers.volumes.sizeBytes(larger.VolumeId as `vol-${string}`)).toBe(3 * GiB);
  await expect(make(1)).rejects.toMatchObject({ code: 'InvalidParameterValue' });
});
