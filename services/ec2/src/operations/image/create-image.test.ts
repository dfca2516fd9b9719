import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';

type Ebs = Readonly<Record<string, unknown>>;

const DeviceName = '/dev/xvda';

/** Makes an image of an instance whose root volume has 8 GiB of gp3, with a mapping of that root. */
async function imageWith(Ebs: Ebs) {
  const {
    call,
    settle,
    instanceId: InstanceId,
  } = await launched({
    BlockDeviceMappings: [{ DeviceName, Ebs: { VolumeSize: 8 } }],
  });
  const { ImageId = '' } = await call('CreateImage', {
    InstanceId,
    Name: 'mapped',
    BlockDeviceMappings: [{ DeviceName, Ebs }],
  });
  await settle();
  const { Images: [image] = [] } = await call('DescribeImages', { ImageIds: [ImageId] });
  return image?.BlockDeviceMappings?.find((device) => device.DeviceName === DeviceName)?.Ebs;
}

test.each<[string, Ebs, Ebs]>([
  ['its own size', { VolumeSize: 8 }, { VolumeSize: 8 }],
  ['a larger size', { VolumeSize: 20 }, { VolumeSize: 20 }],
  ['another type', { VolumeType: 'gp2' }, { VolumeType: 'gp2' }],
  ['more throughput', { Throughput: 200 }, { VolumeType: 'gp3', Throughput: 200 }],
  ['no encryption, as it is', { Encrypted: false }, { Encrypted: false }],
  ['the card that every instance has', { EbsCardIndex: 0 }, { VolumeSize: 8 }],
  ['DeleteOnTermination', { DeleteOnTermination: false }, { DeleteOnTermination: false }],
])('an existing device may be given %s', async (_, ebs, expected) => {
  expect(await imageWith(ebs)).toMatchObject({ SnapshotId: expect.any(String), ...expected });
});

test.each<[string, Ebs, string]>([
  ['a size below its own', { VolumeSize: 4 }, 'InvalidBlockDeviceMapping'],
  ['a snapshot', { SnapshotId: 'snap-0123456789abcdef0' }, 'InvalidBlockDeviceMapping'],
  [
    'IOPS that its type does not have',
    { VolumeType: 'gp2', Iops: 9000 },
    'InvalidParameterCombination',
  ],
  ['encryption', { Encrypted: true }, 'UnsupportedOperation'],
  ['another card', { EbsCardIndex: 1 }, 'UnsupportedOperation'],
  ['a zone', { AvailabilityZone: 'us-east-1a' }, 'UnsupportedOperation'],
  ['a zone by id', { AvailabilityZoneId: 'use1-az1' }, 'UnsupportedOperation'],
])('an existing device may not be given %s', async (_, ebs, code) => {
  await expect(imageWith(ebs)).rejects.toMatchObject({ code });
});
