import { isDeviceName } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { launched } from '../testing/launched.ts';
import { type TestContext, testContext } from '../testing/test-context.ts';

const letters = [...'bcdefghijklmnopqrstuvwxyz'].map((letter) => `/dev/sd${letter}`);
const names = [...letters, '/dev/xvdba', '/dev/xvdbb', '/dev/xvdbc'];
const mapped = (devices: readonly string[]) =>
  devices.map((DeviceName) => ({ DeviceName, Ebs: { VolumeSize: 1 } }));

async function launch(
  { call, addImage }: TestContext,
  BlockDeviceMappings: ReturnType<typeof mapped>,
  InstanceType: 't3.micro' | 'm5d.4xlarge' = 't3.micro',
) {
  const { id: ImageId } = await addImage();
  const request = { ImageId, InstanceType, MinCount: 1, MaxCount: 1, BlockDeviceMappings };
  return (await call('RunInstances', request)).Instances?.[0];
}

const newVolume = async ({ call, settle }: TestContext) => {
  const made = await call('CreateVolume', { AvailabilityZone: 'us-east-1a', Size: 1 });
  await settle();
  return made.VolumeId ?? '';
};

test('volumes, instance store and interface have 28 places together, at launch', async () => {
  const context = await testContext();
  const code = 'AttachmentLimitExceeded';
  await expect(launch(context, mapped(names.slice(0, 27)))).rejects.toMatchObject({ code });
  expect(await launch(context, mapped(names.slice(0, 26)))).toBeDefined();
  const stored = (count: number) => launch(context, mapped(names.slice(0, count)), 'm5d.4xlarge');
  await expect(stored(25)).rejects.toMatchObject({ code });
  expect(await stored(24)).toBeDefined();
});

test('an attachment beyond the limit is refused, as is a type whose disks would exceed it', async () => {
  const context = await launched({ BlockDeviceMappings: mapped(names.slice(0, 25)) }, 'stopped');
  const { call, settle, instanceId: InstanceId } = context;
  const code = 'AttachmentLimitExceeded';
  const attach = async (Device: string) =>
    await call('AttachVolume', { InstanceId, VolumeId: await newVolume(context), Device });
  await attach('/dev/xvdca');
  await settle();
  await expect(attach('/dev/xvdcb')).rejects.toMatchObject({ code });
  const type = { InstanceId, InstanceType: { Value: 'm5d.4xlarge' } };
  await expect(call('ModifyInstanceAttribute', type)).rejects.toMatchObject({ code });
});

test('no image has more volumes than an instance', async () => {
  const context = await testContext();
  const { blockDevices } = await context.addImage();
  const SnapshotId = blockDevices[0]?.ebs?.snapshotId;
  const root = { DeviceName: '/dev/xvda', Ebs: { SnapshotId } };
  const register = (count: number) =>
    context.call('RegisterImage', {
      Name: `image of ${count}`,
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [root, ...mapped(names.slice(0, count))],
    });
  await expect(register(27)).rejects.toMatchObject({ code: 'AttachmentLimitExceeded' });
  await register(26);
});

test('an attachment point is mapped once, however it is spelled', async () => {
  const context = await testContext();
  const code = 'InvalidBlockDeviceMapping';
  for (const twice of [
    ['/dev/sdb', 'sdb'],
    ['/dev/xvdb', '/dev/sdb'],
    // The image's root.
    ['/dev/sda'],
    ['foo'],
    ['/dev/nothing'],
  ]) {
    await expect(launch(context, mapped(twice))).rejects.toMatchObject({ code });
  }
});

test('a volume is attached by the names that EBS has', async () => {
  const context = await launched();
  const VolumeId = await newVolume(context);
  const attach = (Device: string) =>
    context.call('AttachVolume', { InstanceId: context.instanceId, VolumeId, Device });
  for (const name of ['foo', '/dev/nvme1n1', '/dev/sdb16', '/dev/xvdea', '/dev/vdb']) {
    await expect(attach(name)).rejects.toThrow(
      `Value (${name}) for parameter device is invalid. ${name} is not a valid EBS device name.`,
    );
  }
  for (const name of ['/dev/sdf', 'xvdf', 'sdf', '/dev/xvdba', '/dev/sda1', '/dev/hdc']) {
    expect(isDeviceName(name)).toBe(true);
  }
  await attach('xvdf');
});
