import { expect, test } from 'vitest';
import { launched } from '../testing/launched.ts';
import { type TestContext, testContext } from '../testing/test-context.ts';

const shape = { InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;

async function groupsOf({ call }: TestContext, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const made = await call('CreateSecurityGroup', { GroupName: `group ${n}`, Description: 'd' });
    ids.push(made.GroupId ?? '');
  }
  return ids;
}

test('an interface has at most 16 groups, at launch and later', async () => {
  const context = await launched();
  const { call, instanceId } = context;
  const ids = await groupsOf(context, 17);
  const code = 'SecurityGroupsPerInterfaceLimitExceeded';
  const image = await context.addImage();
  const launch = (SecurityGroupIds: string[]) =>
    call('RunInstances', { ...shape, ImageId: image.id, SecurityGroupIds });
  await expect(launch(ids)).rejects.toMatchObject({ code });
  const { Instances: [made] = [] } = await launch(ids.slice(1));
  expect(made?.SecurityGroups).toHaveLength(16);
  const modify = (Groups: string[]) =>
    call('ModifyInstanceAttribute', { InstanceId: instanceId, Groups });
  await expect(modify(ids)).rejects.toMatchObject({ code });
  await modify(ids.slice(1));
});

test('an HVM image runs on the type that a launch gets which names none', async () => {
  const { call, addImage } = await testContext();
  const { id: ImageId } = await addImage({ boot: { kind: 'disk' } });
  const { Instances } = await call('RunInstances', { ImageId, MinCount: 1, MaxCount: 1 });
  expect(Instances).toMatchObject([{ InstanceType: 'm1.small', VirtualizationType: 'hvm' }]);
});

test('keys that metadata cannot show are refused while it shows tags', async () => {
  const context = await testContext();
  const { call, settle } = context;
  const image = await context.addImage();
  const launch = (key: string, InstanceMetadataTags: 'enabled' | 'disabled') =>
    call('RunInstances', {
      ...shape,
      ImageId: image.id,
      MetadataOptions: { InstanceMetadataTags },
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: key, Value: '' }] }],
    });
  for (const key of ['a key', 'a/b', '..', '_index']) {
    const refusal = { code: 'InvalidParameterValue', message: expect.stringContaining(key) };
    await expect(launch(key, 'enabled')).rejects.toMatchObject(refusal);
  }
  const { Instances: [shown] = [] } = await launch('a-key', 'enabled');
  const { Instances: [hidden] = [] } = await launch('a key', 'disabled');
  await settle();
  const change = (id: string | undefined, key: string) =>
    call('CreateTags', { Resources: [id ?? ''], Tags: [{ Key: key, Value: '' }] });
  await expect(change(shown?.InstanceId, 'b key')).rejects.toThrow('not a valid tag key');
  await change(hidden?.InstanceId, 'b key');
  const enable = { InstanceId: hidden?.InstanceId ?? '', InstanceMetadataTags: 'enabled' } as const;
  await expect(call('ModifyInstanceMetadataOptions', enable)).rejects.toThrow('a key');
  const Tags = [{ Key: 'a key' }, { Key: 'b key' }];
  await call('DeleteTags', { Resources: [enable.InstanceId], Tags });
  await call('ModifyInstanceMetadataOptions', enable);
});

test('an image of an instance keeps its traits, although the first image was deregistered', async () => {
  const context = await testContext();
  const { call, settle, addImage, metadata } = context;
  const source = await addImage({
    sriovNetSupport: 'simple',
    tpmSupport: 'v2.0',
    boot: { kind: 'disk', mode: 'uefi-preferred' },
  });
  const { Instances: [made] = [] } = await call('RunInstances', { ...shape, ImageId: source.id });
  await settle();
  const InstanceId = made?.InstanceId ?? '';
  const imageOf = async (Name: string) => {
    const { ImageId = '' } = await call('CreateImage', { InstanceId, Name });
    await settle();
    return (await call('DescribeImages', { ImageIds: [ImageId] })).Images?.[0];
  };
  const kept = { SriovNetSupport: 'simple', EnaSupport: true, BootMode: 'uefi-preferred' };
  expect(await imageOf('first')).toMatchObject({ ...kept, TpmSupport: 'v2.0' });
  await metadata.write((tx) => tx.delete('image', source.id));
  expect(await imageOf('second')).toMatchObject(kept);
});

const OutpostArn = 'arn:aws:outposts:us-east-1:123456789012:outpost/op-1';

test.each([
  [{ BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1, OutpostArn } }] }],
  [{ BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1, EbsCardIndex: 1 } }] }],
  [{ NetworkInterfaces: [{ DeviceIndex: 0, NetworkCardIndex: 1 }] }],
  [{ Monitoring: { Enabled: true, MetricCategoryIds: ['basic'] } }],
])('a launch refuses what it would have to ignore: %j', async (changes) => {
  const { callUntyped, addImage } = await testContext();
  const { id: ImageId } = await addImage();
  await expect(
    callUntyped('RunInstances', { ...shape, ImageId, ...changes }),
  ).rejects.toMatchObject({ code: 'UnsupportedOperation' });
});

test('a launch may name the network card that every instance has', async () => {
  const { call, addImage } = await testContext();
  const { id: ImageId } = await addImage();
  const NetworkInterfaces = [{ DeviceIndex: 0, NetworkCardIndex: 0 }];
  const { Instances } = await call('RunInstances', { ...shape, ImageId, NetworkInterfaces });
  expect(Instances).toHaveLength(1);
});

test('an instance shows and is found by the boot mode of its image', async () => {
  const { call, addImage } = await testContext();
  const preferred = await addImage({ boot: { kind: 'disk', mode: 'uefi-preferred' } });
  const silent = await addImage();
  await call('RunInstances', { ...shape, ImageId: preferred.id });
  await call('RunInstances', { ...shape, ImageId: silent.id });
  const modesOf = async (Values: string[]) => {
    const Filters = [{ Name: 'boot-mode', Values }];
    const { Reservations = [] } = await call('DescribeInstances', { Filters });
    return Reservations.flatMap(({ Instances = [] }) =>
      Instances.map(({ BootMode, CurrentInstanceBootMode }) => [BootMode, CurrentInstanceBootMode]),
    );
  };
  expect(await modesOf(['uefi-preferred'])).toEqual([['uefi-preferred', 'legacy-bios']]);
  expect(await modesOf(['legacy-bios'])).toEqual([]);
});
