import type { Ec2Input } from '@bakehouse/aws-model';
import { ephemeralDisksOf } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { testContext } from '../../testing/test-context.ts';

const AvailabilityZone = 'us-east-1a';
type Shape = Pick<Ec2Input<'CreateVolume'>, 'VolumeType' | 'Size' | 'Iops' | 'Throughput'>;

const tooMuch: Shape[] = [
  { VolumeType: 'gp3', Size: 10, Iops: 5001 },
  { VolumeType: 'gp3', Size: 10, Throughput: 751 },
  { VolumeType: 'gp3', Size: 10, Iops: 4000, Throughput: 1001 },
  { VolumeType: 'io1', Size: 10, Iops: 501 },
  { VolumeType: 'io2', Size: 4, Iops: 4001 },
];
const atTheLimit: Shape[] = [
  { VolumeType: 'gp3', Size: 1, Iops: 3000, Throughput: 750 },
  { VolumeType: 'gp3', Size: 10, Iops: 5000, Throughput: 1250 },
  { VolumeType: 'io1', Size: 10, Iops: 500 },
  { VolumeType: 'io2', Size: 4, Iops: 4000 },
];

test.each(tooMuch)('%o is refused for its ratio', async (shape) => {
  const { call } = await testContext();
  const refusal = { code: 'InvalidParameterValue', message: expect.stringContaining('ratio') };
  await expect(call('CreateVolume', { AvailabilityZone, ...shape })).rejects.toMatchObject(refusal);
});

test.each(atTheLimit)('%o is made', async (shape) => {
  const { call } = await testContext();
  expect(await call('CreateVolume', { AvailabilityZone, ...shape })).toMatchObject(shape);
});

test('nothing boots from a disk for throughput', async () => {
  const context = await launched();
  const { call, addImage, instance } = context;
  const code = 'BootForVolumeTypeUnsupported';
  const image = await addImage();
  const root = { DeviceName: '/dev/xvda', Ebs: { VolumeType: 'st1', VolumeSize: 125 } } as const;
  const launch = call('RunInstances', {
    ImageId: image.id,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    BlockDeviceMappings: [root],
  });
  await expect(launch).rejects.toMatchObject({ code });
  const SnapshotId = image.blockDevices[0]?.ebs?.snapshotId;
  const register = call('RegisterImage', {
    Name: 'slow',
    RootDeviceName: '/dev/xvda',
    BlockDeviceMappings: [{ ...root, Ebs: { ...root.Ebs, SnapshotId } }],
  });
  await expect(register).rejects.toMatchObject({ code });
  const VolumeId = (await instance()).volumes[0]?.volumeId ?? '';
  const modify = call('ModifyVolume', { VolumeId, VolumeType: 'sc1', Size: 125 });
  await expect(modify).rejects.toMatchObject({ code });
});

test('a disk for throughput is not attached as a root', async () => {
  const { call, settle, instance, instanceId: InstanceId } = await launched({}, 'stopped');
  const slow = { VolumeType: 'st1', Size: 125 } as const;
  const { VolumeId = '' } = await call('CreateVolume', { AvailabilityZone, ...slow });
  await call('DetachVolume', { VolumeId: (await instance()).volumes[0]?.volumeId ?? '' });
  await settle();
  const attach = (Device: string) => call('AttachVolume', { InstanceId, VolumeId, Device });
  const code = 'BootForVolumeTypeUnsupported';
  await expect(attach('/dev/xvda')).rejects.toMatchObject({ code });
  await attach('/dev/sdf');
});

test('an instance store that the type does not have is left out', async () => {
  const mapped = [{ DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' }];
  const { instance, call, instanceId } = await launched({ BlockDeviceMappings: mapped });
  expect((await instance()).ephemeralDisks).toEqual([]);
  const { Reservations } = await call('DescribeInstances', { InstanceIds: [instanceId] });
  const shown = Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings;
  expect(shown?.map(({ DeviceName }) => DeviceName)).toEqual(['/dev/xvda']);
  const store = { count: 1, sizeGB: 475, kind: 'ssd', nvme: true } as const;
  expect(ephemeralDisksOf({ instanceStore: store }, [])).toEqual([
    { deviceName: '/dev/nvme1n1', virtualName: 'ephemeral0' },
  ]);
});
