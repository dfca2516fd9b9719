import type { Ec2Input } from '@bakehouse/aws-model';
import { expect, test } from 'vitest';
import type { OperationName } from '../../operation.ts';
import { launched } from '../../testing/launched.ts';
import { type TestContext, testContext } from '../../testing/test-context.ts';

type TemplateData = Ec2Input<'CreateLaunchTemplate'>['LaunchTemplateData'];

const DeviceName = '/dev/xvda';
const counts = { MinCount: 1, MaxCount: 1 };
const launch = { ...counts, InstanceType: 't3.micro' } as const;
const mapping = (Ebs: object) => [{ DeviceName, Ebs }];
/** A size, and the IOPS that gp2 has with it. */
const gp2 = { VolumeType: 'gp2', VolumeSize: 8, Iops: 100 } as const;

const refusalOf = (type: string) => ({
  code: 'InvalidParameterCombination',
  message: `The parameter iops is not supported for ${type} volumes.`,
});

test.each([
  ['gp2', 8, 100],
  ['gp2', 100, 300],
  ['gp2', 8, 0],
  ['standard', 8, 100],
  ['st1', 125, 500],
  ['sc1', 125, 250],
] as const)('CreateVolume takes no IOPS for %s of %i GiB: not %i', async (type, Size, Iops) => {
  const { call } = await testContext();
  const request = { AvailabilityZone: 'us-east-1a', VolumeType: type, Size, Iops };
  await expect(call('CreateVolume', request)).rejects.toMatchObject(refusalOf(type));
});

interface Made {
  readonly ImageId: string;
  readonly InstanceId: string;
  readonly VolumeId: string;
  readonly SnapshotId: string;
}

test.each<[OperationName, (made: Made) => object]>([
  ['ModifyVolume', ({ VolumeId }) => ({ VolumeId, VolumeType: 'gp2', Iops: 100 })],
  ['RunInstances', ({ ImageId }) => ({ ...launch, ImageId, BlockDeviceMappings: mapping(gp2) })],
  [
    'RegisterImage',
    ({ SnapshotId }) => ({
      Name: 'registered',
      RootDeviceName: DeviceName,
      BlockDeviceMappings: mapping({ ...gp2, SnapshotId }),
    }),
  ],
  [
    'CreateImage',
    ({ InstanceId }) => ({
      InstanceId,
      Name: 'with another device',
      BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: gp2 }],
    }),
  ],
])('%s takes no IOPS for gp2, not even those that it has', async (operation, request) => {
  const root = { VolumeType: 'gp3', VolumeSize: 8 } as const;
  const context = await launched({ BlockDeviceMappings: mapping(root) });
  const image = await context.addImage();
  const made = {
    ImageId: image.id,
    InstanceId: context.instanceId,
    VolumeId: (await context.instance()).volumes[0]?.volumeId ?? '',
    SnapshotId: image.blockDevices[0]?.ebs?.snapshotId ?? '',
  };
  const refused = context.callUntyped(operation, request(made));
  await expect(refused).rejects.toMatchObject(refusalOf('gp2'));
});

const launchedFrom = async ({ call }: TestContext, LaunchTemplateData: TemplateData) => {
  const LaunchTemplateName = 'web';
  await call('CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData });
  return await call('RunInstances', { LaunchTemplate: { LaunchTemplateName }, ...counts });
};

test('the launch of a template takes no IOPS for gp2', async () => {
  const context = await testContext();
  const { id: ImageId } = await context.addImage();
  const data = { ImageId, BlockDeviceMappings: mapping(gp2) };
  await expect(launchedFrom(context, data)).rejects.toMatchObject(refusalOf('gp2'));
});

test('the template of an instance with gp2 has no IOPS, and launches', async () => {
  const { VolumeType, VolumeSize } = gp2;
  const context = await launched({ BlockDeviceMappings: mapping({ VolumeType, VolumeSize }) });
  const { instanceId: InstanceId } = context;
  const { LaunchTemplateData } = await context.call('GetLaunchTemplateData', { InstanceId });
  const [root] = LaunchTemplateData?.BlockDeviceMappings ?? [];
  expect(root?.Ebs).toMatchObject({ VolumeType, VolumeSize });
  expect(root?.Ebs).not.toHaveProperty('Iops');
  const { Instances } = await launchedFrom(context, LaunchTemplateData as TemplateData);
  expect(Instances).toHaveLength(1);
});

/** An image of an instance with a root volume of gp2, made with a mapping of that root. */
async function imaged(Ebs: object) {
  const { VolumeType, VolumeSize } = gp2;
  const context = await launched({ BlockDeviceMappings: mapping({ VolumeType, VolumeSize }) });
  const { ImageId = '' } = await context.call('CreateImage', {
    InstanceId: context.instanceId,
    Name: 'repeated',
    BlockDeviceMappings: mapping(Ebs),
  });
  await context.settle();
  return { ...context, ImageId };
}

test('CreateImage lets a client repeat the IOPS of its gp2 volume, and does not keep them', async () => {
  const { call, ImageId } = await imaged(gp2);
  const { Images: [image] = [] } = await call('DescribeImages', { ImageIds: [ImageId] });
  const [root] = image?.BlockDeviceMappings ?? [];
  expect(root?.Ebs).toMatchObject({ VolumeType: 'gp2', VolumeSize: 8 });
  expect(root?.Ebs).not.toHaveProperty('Iops');
  const larger = { ...launch, ImageId, BlockDeviceMappings: mapping({ VolumeSize: 50 }) };
  expect((await call('RunInstances', larger)).Instances).toHaveLength(1);
});

test.each([101, 300])('CreateImage refuses %i IOPS of a gp2 volume that has 100', async (Iops) => {
  await expect(imaged({ Iops })).rejects.toMatchObject(refusalOf('gp2'));
});

test.each([{}, { VolumeSize: 50 }])(
  'an image whose record has the IOPS of gp2, as a seed may, launches with %j',
  async (Ebs) => {
    const { call, addImage, metadata } = await testContext();
    const { blockDevices, ...image } = await addImage();
    const shape = { volumeType: 'gp2', sizeGiB: 8, iops: 100 } as const;
    const recorded = blockDevices.map(({ deviceName, ebs }) =>
      ebs ? { deviceName, ebs: { ...ebs, ...shape } } : { deviceName },
    );
    await metadata.write((tx) => tx.put('image', { ...image, blockDevices: recorded }));
    const request = { ...launch, ImageId: image.id, BlockDeviceMappings: mapping(Ebs) };
    expect((await call('RunInstances', request)).Instances).toHaveLength(1);
  },
);
