import { dayMs } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { testContext } from '../../testing/test-context.ts';

const other = { accountId: '111122223333' };
const zone = { AvailabilityZone: 'us-east-1a' };
const one = { InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;

test('CreateImage does not give another account a snapshot, whatever device it is named on', async () => {
  const { call, settle, instanceId, addImage } = await launched();
  const [mapping] = (await addImage()).blockDevices;
  const secret = mapping?.ebs?.snapshotId ?? '';
  const open = await addImage({ launchPermissions: { everyone: true, accountIds: [] } });
  const made = await call(
    'RunInstances',
    {
      ImageId: open.id,
      InstanceType: 'm3.medium',
      MinCount: 1,
      MaxCount: 1,
      BlockDeviceMappings: [{ DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' }],
    },
    other,
  );
  await settle();
  const theirs = made.Instances?.[0]?.InstanceId ?? '';
  const request = (InstanceId: string) => ({
    InstanceId,
    Name: 'copy',
    NoReboot: true,
    BlockDeviceMappings: [{ DeviceName: '/dev/sdb', Ebs: { SnapshotId: secret } }],
  });
  await expect(call('CreateImage', request(theirs), other)).rejects.toMatchObject({
    code: 'InvalidSnapshot.NotFound',
  });
  expect(await call('CreateImage', request(instanceId))).toMatchObject({});
});

async function shared() {
  const world = await testContext();
  const volume = await world.call('CreateVolume', { ...zone, Size: 1 });
  await world.settle();
  const made = await world.call('CreateSnapshot', { VolumeId: volume.VolumeId ?? '' });
  await world.settle();
  const SnapshotId = made.SnapshotId ?? '';
  const share = { SnapshotId, Attribute: 'createVolumePermission', OperationType: 'add' } as const;
  await world.call('ModifySnapshotAttribute', { ...share, UserIds: [other.accountId] });
  return { ...world, SnapshotId };
}

test('who may use a snapshot cannot register an image of it', async () => {
  const { call, SnapshotId } = await shared();
  const request = {
    Name: 'web',
    RootDeviceName: '/dev/sda1',
    BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { SnapshotId } }],
  };
  await expect(call('RegisterImage', request, other)).rejects.toMatchObject({
    code: 'InvalidSnapshot.NotFound',
  });
  expect(await call('RegisterImage', request)).toHaveProperty('ImageId');
});

test("another account's image neither opens nor holds a snapshot", async () => {
  const { call, read, addImage, SnapshotId } = await shared();
  const snapshot = (await read((tx) => tx.list('snapshot'))).find(({ id }) => id === SnapshotId);
  const ebs = {
    ...(snapshot ? { snapshotId: snapshot.id } : {}),
    sizeGiB: 1,
    volumeType: 'gp3',
    deleteOnTermination: true,
  } as const;
  const image = await addImage({
    ownerId: other.accountId,
    blockDevices: [{ deviceName: '/dev/xvda', ebs }],
    launchPermissions: { everyone: true, accountIds: [] },
  });
  const launch = { ImageId: image.id, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;
  await expect(call('RunInstances', launch, { accountId: '222233334444' })).rejects.toMatchObject({
    code: 'InvalidSnapshot.NotFound',
  });
  expect(await call('DeleteSnapshot', { SnapshotId })).toEqual({});
});

test("others see neither an image's tags nor its last launch, nor find it by them", async () => {
  const { call, settle, addImage, clock } = await launched();
  const image = await addImage({ launchPermissions: { everyone: true, accountIds: [] } });
  const ids = { ImageIds: [image.id] };
  await call('CreateTags', { Resources: [image.id], Tags: [{ Key: 'project', Value: 'mars' }] });
  await call('RunInstances', { ...one, ImageId: image.id });
  await settle();
  expect((await call('DescribeImages', ids)).Images?.[0]).not.toHaveProperty('LastLaunchedTime');
  clock.jump(dayMs);
  const [own] = (await call('DescribeImages', ids)).Images ?? [];
  const LastLaunchedTime = expect.stringMatching(/T\d\d:\d\d:\d\dZ$/);
  expect(own).toMatchObject({ Tags: [{ Key: 'project' }], LastLaunchedTime });
  const attribute = { ImageId: image.id, Attribute: 'lastLaunchedTime' as const };
  const described = await call('DescribeImageAttribute', attribute);
  expect(described.LastLaunchedTime).toEqual({ Value: own?.LastLaunchedTime });
  const [seen] = (await call('DescribeImages', ids, other)).Images ?? [];
  expect(seen).toMatchObject({ ImageId: image.id });
  expect(seen).not.toHaveProperty('Tags');
  expect(seen).not.toHaveProperty('LastLaunchedTime');
  const Filters = [{ Name: 'tag:project', Values: ['mars'] }];
  expect((await call('DescribeImages', { ...ids, Filters }, other)).Images).toEqual([]);
});

test("others see no snapshot's tags", async () => {
  const { call, SnapshotId } = await shared();
  const ids = { SnapshotIds: [SnapshotId] };
  await call('CreateTags', { Resources: [SnapshotId], Tags: [{ Key: 'project', Value: 'mars' }] });
  expect((await call('DescribeSnapshots', ids)).Snapshots?.[0]?.Tags).toHaveLength(1);
  expect((await call('DescribeSnapshots', ids, other)).Snapshots?.[0]?.Tags).toBeUndefined();
  const Filters = [{ Name: 'tag-key', Values: ['project'] }];
  expect((await call('DescribeSnapshots', { ...ids, Filters }, other)).Snapshots).toEqual([]);
});
