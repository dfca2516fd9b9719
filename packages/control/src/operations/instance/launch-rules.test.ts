import { expect, test } from 'vitest';
import { refuseUnbootable } from '../../launch/launch-image.ts';
import { launched } from '../../testing/launched.ts';
import { type TestContext, testContext } from '../../testing/test-context.ts';

const shape = { InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;

async function groupsOf({ call }: TestContext, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const made = await call('CreateSecurityGroup', { GroupName: `group ${n}`, Description: 'd' });
    ids.push(made.GroupId ?? '');
  }
  return ids;
}

test('an interface has 16 groups at most, at launch and afterwards', async () => {
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

test('what the machines of this platform cannot run is refused by its name, but in a simulation', async () => {
  const { addImage } = await testContext();
  const image = await addImage({ virtualizationType: 'paravirtual', architecture: 'arm64' });
  const refusal = { code: 'Unsupported', message: expect.stringMatching(/paravirtual.*arm64/) };
  expect(() => refuseUnbootable(image, { compute: 'qemu' })).toThrow(
    expect.objectContaining(refusal),
  );
  refuseUnbootable(image, { compute: 'simulated' });
  refuseUnbootable(await addImage({ bootMode: 'uefi-preferred' }), { compute: 'qemu' });
});

test('an image of an instance has what the instance has, though its own image is gone', async () => {
  const context = await testContext();
  const { call, settle, addImage, metadata } = context;
  const source = await addImage({ sriovNetSupport: 'simple', tpmSupport: 'v2.0' });
  const { Instances: [made] = [] } = await call('RunInstances', { ...shape, ImageId: source.id });
  await settle();
  const InstanceId = made?.InstanceId ?? '';
  const imageOf = async (Name: string) => {
    const { ImageId = '' } = await call('CreateImage', { InstanceId, Name });
    await settle();
    return (await call('DescribeImages', { ImageIds: [ImageId] })).Images?.[0];
  };
  expect(await imageOf('first')).toMatchObject({
    SriovNetSupport: 'simple',
    EnaSupport: true,
    TpmSupport: 'v2.0',
  });
  await metadata.write((tx) => tx.delete('image', source.id));
  expect(await imageOf('second')).toMatchObject({ SriovNetSupport: 'simple', EnaSupport: true });
});
