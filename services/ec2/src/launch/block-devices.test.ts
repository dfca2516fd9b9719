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

/** An image whose root volume, of 20 GiB, is larger than its snapshot of 1 GiB. */
async function withLargerRoot() {
  const context = await testContext();
  const image = await context.addImage();
  const [root] = image.blockDevices;
  if (!root?.ebs) throw new Error('the image has no root volume');
  const larger = { ...root, ebs: { ...root.ebs, sizeGiB: 20 } };
  await context.metadata.write((tx) => tx.put('image', { ...image, blockDevices: [larger] }));
  const { snapshotId } = root.ebs;
  return { ...context, imageId: image.id, root: root.deviceName, snapshotId };
}

test.each([0, -5])(
  'a size of %s is refused, with a snapshot or an image that have one',
  async (size) => {
    const { call, imageId: ImageId, root, snapshotId: SnapshotId } = await withLargerRoot();
    const launchOf = (DeviceName: string, Ebs: object) =>
      call('RunInstances', {
        ...{ ImageId, MinCount: 1, MaxCount: 1 },
        BlockDeviceMappings: [{ DeviceName, Ebs }],
      });
    const VolumeSize = size;
    const refused = { code: 'InvalidBlockDeviceMapping' };
    await expect(launchOf(root, { VolumeSize })).rejects.toMatchObject(refused);
    await expect(launchOf('/dev/sdf', { SnapshotId, VolumeSize })).rejects.toMatchObject(refused);
    await expect(launchOf('/dev/sdf', { VolumeSize })).rejects.toMatchObject({
      code: 'InvalidParameterValue',
    });
  },
);

test('a volume without a size has that of the image, or else that of its snapshot', async () => {
  const { call, read, imageId: ImageId, root, snapshotId: SnapshotId } = await withLargerRoot();
  await call('RunInstances', {
    ...{ ImageId, MinCount: 1, MaxCount: 1 },
    BlockDeviceMappings: [
      { DeviceName: root, Ebs: { DeleteOnTermination: true } },
      { DeviceName: '/dev/sdf', Ebs: { SnapshotId } },
    ],
  });
  const volumes = await read((reader) => reader.list('volume'));
  const sizes = new Map(volumes.map((each) => [each.attachment?.deviceName, each.sizeGiB]));
  expect(sizes).toEqual(
    new Map([
      [root, 20],
      ['/dev/sdf', 1],
    ]),
  );
});
