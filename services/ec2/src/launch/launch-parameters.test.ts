import type { Ec2Input } from '@bakehouse/aws-model';
import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';

type Data = Ec2Input<'CreateLaunchTemplate'>['LaunchTemplateData'];

/** Launches one instance of the template, with changes. */
async function withTemplate(LaunchTemplateData: Data) {
  const context = await testContext();
  const { id: ImageId } = await context.addImage();
  const LaunchTemplateName = 'web';
  await context.call('CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData });
  const plain = { ImageId, MinCount: 1, MaxCount: 1 };
  const launch = async (changes: object) => {
    const LaunchTemplate = { LaunchTemplateName };
    const { Instances } = await context.call('RunInstances', {
      ...{ ...plain, LaunchTemplate },
      ...changes,
    });
    return Instances?.[0];
  };
  const volumes = async () => {
    const all = await context.read((reader) => reader.list('volume'));
    return all.filter(({ attachment }) => attachment?.deviceName === '/dev/sdf');
  };
  return { ...context, plain, launch, volumes };
}

const mapping = (Ebs: object) => ({ DeviceName: '/dev/sdf', Ebs });
const own = { InstanceType: 't3.micro' } as const;

test.each([
  [
    'a device',
    'InvalidBlockDeviceMapping',
    { BlockDeviceMappings: [mapping({ VolumeSize: 9 })] },
    { BlockDeviceMappings: [5, 6].map((VolumeSize) => mapping({ VolumeSize })) },
  ],
  [
    'an interface',
    'InvalidParameterValue',
    { NetworkInterfaces: [{ DeviceIndex: 0 }] },
    {
      NetworkInterfaces: [true, false].map((AssociatePublicIpAddress) => ({
        ...{ DeviceIndex: 0, AssociatePublicIpAddress },
      })),
    },
  ],
])(
  '%s that is given twice is refused, with a template as without, and in its data',
  async (...given) => {
    const [, code, once, twice] = given;
    const { call, plain, launch } = await withTemplate({ ...own, ...once });
    const alone = await call('RunInstances', { ...plain, ...twice }).catch((error: Error) => error);
    expect(alone).toMatchObject({ code });
    const { message } = alone as Error;
    await expect(launch(twice)).rejects.toMatchObject({ code, message });
    const made = { LaunchTemplateName: 'twice', LaunchTemplateData: twice };
    await expect(call('CreateLaunchTemplate', made)).rejects.toMatchObject({ code, message });
    const version = { LaunchTemplateName: 'web', LaunchTemplateData: twice };
    await expect(call('CreateLaunchTemplateVersion', version)).rejects.toMatchObject({ code });
  },
);

test('each card has a device index 0: a template may use several, a launch card 0 only', async () => {
  const nicOf = (NetworkCardIndex: number) => ({ DeviceIndex: 0, NetworkCardIndex });
  const { call, launch } = await withTemplate({ NetworkInterfaces: [nicOf(0)] });
  const NetworkInterfaces = [nicOf(1), nicOf(0)];
  const refusal = { code: 'UnsupportedOperation' };
  await expect(launch({ NetworkInterfaces })).rejects.toMatchObject(refusal);
  const made = { LaunchTemplateName: 'cards', LaunchTemplateData: { NetworkInterfaces } };
  expect((await call('CreateLaunchTemplate', made)).LaunchTemplate).toBeDefined();
});

test("a zone of the request replaces the template's, by name or by id", async () => {
  const { call, ...byName } = await withTemplate({ Placement: { AvailabilityZone: 'us-east-1a' } });
  const { AvailabilityZones = [] } = await call('DescribeAvailabilityZones', {});
  const idOf = (name: string) => AvailabilityZones.find((zone) => zone.ZoneName === name)?.ZoneId;
  const AvailabilityZoneId = idOf('us-east-1b') ?? '';
  const byId = await withTemplate({ Placement: { AvailabilityZoneId: idOf('us-east-1a') } });
  for (const { launch } of [byName, byId]) {
    for (const Placement of [{ AvailabilityZone: 'us-east-1b' }, { AvailabilityZoneId }]) {
      const made = await launch({ Placement });
      expect(made?.Placement?.AvailabilityZone).toBe('us-east-1b');
    }
    expect((await launch({}))?.Placement?.AvailabilityZone).toBe('us-east-1a');
  }
});

test.each([
  [{ AvailabilityZone: 'us-west-2a' }, 'Invalid availability zone: [us-west-2a]'],
  [{ AvailabilityZoneId: 'usw2-az1' }, 'Invalid availability zone id: [usw2-az1]'],
])('%j, which is in another region, is refused', async (Placement, message) => {
  const { launch } = await withTemplate(own);
  const refusal = { code: 'InvalidParameterValue', message };
  await expect(launch({ Placement })).rejects.toMatchObject(refusal);
});

test("an address of the request replaces the template's in either form", async () => {
  const NetworkInterfaces = [{ DeviceIndex: 0, PrivateIpAddress: '172.31.0.70' }];
  const { launch } = await withTemplate({ NetworkInterfaces });
  const PrivateIpAddresses = [{ PrivateIpAddress: '172.31.0.71', Primary: true }];
  const made = await launch({ NetworkInterfaces: [{ DeviceIndex: 0, PrivateIpAddresses }] });
  expect(made?.PrivateIpAddress).toBe('172.31.0.71');
});

test.each([
  ['gp2', { iops: 100 }],
  ['gp3', { iops: 3000, throughput: 125 }],
] as const)(
  "figures of the template's type are not those of another: %s",
  async (type, figures) => {
    const io1 = mapping({ VolumeSize: 10, VolumeType: 'io1', Iops: 200 });
    const { launch, volumes } = await withTemplate({ BlockDeviceMappings: [io1] });
    await launch({ BlockDeviceMappings: [mapping({ VolumeType: type })] });
    expect(await volumes()).toMatchObject([{ sizeGiB: 10, volumeType: type, ...figures }]);
  },
);

test('figures of the template are kept with its own type, and where it names none', async () => {
  for (const template of [{ VolumeType: 'gp3', Iops: 4000 }, { Iops: 4000 }]) {
    const base = mapping({ VolumeSize: 10, ...template });
    const { launch, volumes } = await withTemplate({ BlockDeviceMappings: [base] });
    // Words are read in any case.
    await launch({ BlockDeviceMappings: [mapping({ VolumeType: 'GP3' as 'gp3' })] });
    expect(await volumes()).toMatchObject([{ sizeGiB: 10, volumeType: 'gp3', iops: 4000 }]);
  }
});
