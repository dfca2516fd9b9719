import type { Ec2Input } from '@bakehouse/aws-model';
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
  expect(world.drivers.compute.userOf(VolumeId as `vol-${string}`)).toBe(InstanceId);
  await world.call('DetachVolume', { VolumeId });
  await world.settle();
  expect(await describe(world, VolumeId)).toMatchObject({ State: 'available', Attachments: [] });
  expect(world.drivers.compute.userOf(VolumeId as `vol-${string}`)).toBeUndefined();
  await world.call('DeleteVolume', { VolumeId });
  await world.settle();
  await expect(describe(world, VolumeId)).rejects.toMatchObject({ code: 'InvalidVolume.NotFound' });
  expect(await world.drivers.volumes.list()).not.toContain(VolumeId);
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
  expect(world.drivers.volumes.sizeBytes(larger.VolumeId as `vol-${string}`)).toBe(3 * GiB);
  await expect(make(1)).rejects.toMatchObject({ code: 'InvalidParameterValue' });
});

async function attachedVolume(world: TestContext) {
  const InstanceId = await launched(world);
  const VolumeId = await madeVolume(world);
  await world.call('AttachVolume', { VolumeId, InstanceId, Device: '/dev/sdf' });
  await world.settle();
  return { InstanceId, VolumeId };
}

test.each<[string, Ec2Input<'CreateVolume'>, string]>([
  ['no zone', { Size: 1 }, 'MissingParameter'],
  ['an unknown zone', { Size: 1, AvailabilityZone: 'us-east-1z' }, 'InvalidZone.NotFound'],
  ['another region', { Size: 1, AvailabilityZone: 'us-west-2a' }, 'InvalidZone.NotFound'],
  ['neither size nor snapshot', { AvailabilityZone: zone }, 'MissingParameter'],
  ['no size at all', { Size: 0, AvailabilityZone: zone }, 'InvalidParameterValue'],
  [
    'an unknown type',
    { Size: 1, AvailabilityZone: zone, VolumeType: 'gp9' as 'gp2' },
    'UnknownVolumeType',
  ],
  [
    'io1 without IOPS',
    { Size: 4, AvailabilityZone: zone, VolumeType: 'io1' },
    'InvalidParameterCombination',
  ],
  [
    'io2 without IOPS',
    { Size: 4, AvailabilityZone: zone, VolumeType: 'io2' },
    'InvalidParameterCombination',
  ],
  ['IOPS for gp2', { Size: 4, AvailabilityZone: zone, Iops: 500 }, 'InvalidParameterCombination'],
  ['encryption', { Size: 1, AvailabilityZone: zone, Encrypted: true }, 'UnsupportedOperation'],
  [
    'a missing snapshot',
    { SnapshotId: 'snap-00000000', AvailabilityZone: zone },
    'InvalidSnapshot.NotFound',
  ],
])('CreateVolume refuses %s', async (_, request, code) => {
  const world = await testContext();
  await expect(world.call('CreateVolume', request)).rejects.toMatchObject({ code });
});

test('a client token makes one volume, and fits one request', async () => {
  const world = await testContext();
  const request = { AvailabilityZone: zone, Size: 1, ClientToken: 'once' };
  const first = await world.call('CreateVolume', request);
  await world.settle();
  const again = await world.call('CreateVolume', request);
  expect(again).toMatchObject({ VolumeId: first.VolumeId, State: 'available' });
  const other = world.call('CreateVolume', { ...request, Size: 2 });
  await expect(other).rejects.toMatchObject({ code: 'IdempotentParameterMismatch' });
});

test('what is attached is neither attached again nor deleted, and its device is taken', async () => {
  const world = await testContext();
  const { InstanceId, VolumeId } = await attachedVolume(world);
  const attach = (id: string, Device: string) =>
    world.call('AttachVolume', { VolumeId: id, InstanceId, Device });
  await expect(attach(VolumeId, '/dev/sdg')).rejects.toMatchObject({ code: 'VolumeInUse' });
  const remove = world.call('DeleteVolume', { VolumeId });
  await expect(remove).rejects.toMatchObject({ code: 'VolumeInUse' });
  const second = await madeVolume(world);
  const inUse = {
    code: 'InvalidParameterValue',
    message: expect.stringMatching(/Attachment point .+ is already in use$/),
  };
  await expect(attach(second, '/dev/sdf')).rejects.toMatchObject(inUse);
  await expect(attach(second, '/dev/xvdf')).rejects.toMatchObject(inUse);
  const badName = attach(second, 'C:');
  await expect(badName).rejects.toMatchObject({ code: 'InvalidParameterValue' });
});

test('a volume is attached at card 0, which every instance has, and at no other', async () => {
  const world = await testContext();
  const InstanceId = await launched(world);
  const VolumeId = await madeVolume(world);
  const attach = (EbsCardIndex: number) =>
    world.call('AttachVolume', { VolumeId, InstanceId, Device: '/dev/sdf', EbsCardIndex });
  await expect(attach(1)).rejects.toMatchObject({ code: 'UnsupportedOperation' });
  expect(await attach(0)).toMatchObject({ State: 'attaching' });
});

test('a volume of another zone is not attached', async () => {
  const world = await testContext();
  const InstanceId = await launched(world);
  const made = await world.call('CreateVolume', { AvailabilityZone: 'us-east-1b', Size: 1 });
  await world.settle();
  const request = { VolumeId: made.VolumeId ?? '', InstanceId, Device: '/dev/sdf' };
  const refused = world.call('AttachVolume', request);
  await expect(refused).rejects.toMatchObject({ code: 'InvalidVolume.ZoneMismatch' });
});

test('the root volume is detached from a stopped instance only', async () => {
  const world = await testContext();
  const InstanceId = await launched(world);
  const { Volumes = [] } = await world.call('DescribeVolumes', {});
  const VolumeId = Volumes[0]?.VolumeId ?? '';
  const running = world.call('DetachVolume', { VolumeId });
  await expect(running).rejects.toMatchObject({ code: 'OperationNotPermitted' });
  await world.call('StopInstances', { InstanceIds: [InstanceId] });
  await world.settle();
  await world.call('DetachVolume', { VolumeId });
  await world.settle();
  expect(await describe(world, VolumeId)).toMatchObject({ State: 'available' });
  const again = world.call('DetachVolume', { VolumeId });
  await expect(again).rejects.toMatchObject({ code: 'IncorrectState' });
});

test('DetachVolume heeds the instance and the device that it is given', async () => {
  const world = await testContext();
  const { VolumeId } = await attachedVolume(world);
  for (const wrong of [{ Device: '/dev/sdg' }, { InstanceId: 'i-00000000' }]) {
    const refused = world.call('DetachVolume', { VolumeId, ...wrong });
    await expect(refused).rejects.toMatchObject({ code: 'InvalidAttachment.NotFound' });
  }
});

test('a volume grows under a running machine and never shrinks', async () => {
  const world = await testContext();
  const { VolumeId } = await attachedVolume(world);
  const modify = (change: object) => world.call('ModifyVolume', { VolumeId, ...change });
  await modify({ Size: 5, VolumeType: 'gp3', Throughput: 200 });
  const busy = modify({ Size: 6 });
  await expect(busy).rejects.toMatchObject({ code: 'IncorrectModificationState' });
  await world.settle();
  expect(await describe(world, VolumeId)).toMatchObject({
    Size: 5,
    VolumeType: 'gp3',
    Iops: 3000,
    Throughput: 200,
  });
  expect(world.drivers.volumes.sizeBytes(VolumeId as `vol-${string}`)).toBe(5 * GiB);
  await expect(modify({ Size: 4 })).rejects.toMatchObject({ code: 'InvalidParameterValue' });
  await expect(modify({})).rejects.toMatchObject({ code: 'MissingParameter' });
  const shown = await world.call('DescribeVolumesModifications', { VolumeIds: [VolumeId] });
  expect(shown.VolumesModifications).toMatchObject([
    { ModificationState: 'completed', OriginalSize: 1, TargetSize: 5, Progress: 100 },
  ]);
});

test('a machine that a disk has stopped shows in the status of its volumes', async () => {
  const world = await testContext();
  const { InstanceId, VolumeId } = await attachedVolume(world);
  const status = async () => {
    const answer = await world.call('DescribeVolumeStatus', { VolumeIds: [VolumeId] });
    return answer.VolumeStatuses?.[0]?.VolumeStatus?.Status;
  };
  expect(await status()).toBe('ok');
  world.drivers.compute.pause(InstanceId as `i-${string}`, 'no space left');
  expect(await status()).toBe('warning');
});

test('a snapshot is shared with an account, which then makes volumes of it, and taken back', async () => {
  const world = await testContext();
  const VolumeId = await madeVolume(world);
  const { SnapshotId = '' } = await world.call('CreateSnapshot', { VolumeId });
  await world.settle();
  const other = { accountId: '111122223333' };
  const use = () => world.call('CreateVolume', { AvailabilityZone: zone, SnapshotId }, other);
  await expect(use()).rejects.toMatchObject({ code: 'InvalidSnapshot.NotFound' });
  const UserIds = [other.accountId];
  await world.call('ModifySnapshotAttribute', { SnapshotId, OperationType: 'add', UserIds });
  expect(await use()).toMatchObject({ SnapshotId });
  const restorable = { RestorableByUserIds: ['self'] };
  expect((await world.call('DescribeSnapshots', restorable, other)).Snapshots).toHaveLength(1);
  const remove = world.call('DeleteSnapshot', { SnapshotId }, other);
  await expect(remove).rejects.toMatchObject({ code: 'AuthFailure' });
  const Attribute = 'createVolumePermission';
  await world.call('ResetSnapshotAttribute', { SnapshotId, Attribute });
  await expect(use()).rejects.toMatchObject({ code: 'InvalidSnapshot.NotFound' });
});
