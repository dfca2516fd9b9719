import { expect, test } from 'vitest';
import { launched } from '../testing/launched.ts';
import { testContext } from '../testing/test-context.ts';
import { findWord, oneOf } from './text.ts';

test.each(['hvm', 'HVM', ' Hvm\n'])('%j means the word hvm', (text) => {
  expect(findWord(text, ['paravirtual', 'hvm'])).toBe('hvm');
  expect(oneOf('virtualizationType', text, ['paravirtual', 'hvm'])).toBe('hvm');
});

test.each(['', 'h vm', 'hvm2', 'constructor'])('%j is none of the words', (text) => {
  expect(findWord(text, ['paravirtual', 'hvm'])).toBeUndefined();
  expect(() => oneOf('virtualizationType', text, ['hvm'])).toThrow(
    expect.objectContaining({ code: 'InvalidParameterValue' }),
  );
});

test.each([
  [{ InstanceType: { Value: ' T3.Small ' } }, { instanceType: 't3.small' }],
  [{ Attribute: 'instanceType', Value: 'T3.SMALL' }, { instanceType: 't3.small' }],
  [
    { InstanceInitiatedShutdownBehavior: { Value: 'Terminate' } },
    { shutdownBehavior: 'terminate' },
  ],
  [{ SriovNetSupport: { Value: 'Simple' } }, { sriovNetSupport: 'simple' }],
])('ModifyInstanceAttribute takes %j in any case', async (change, expected) => {
  const { callUntyped, instanceId: InstanceId, instance } = await launched({}, 'stopped');
  await callUntyped('ModifyInstanceAttribute', { InstanceId, ...change });
  expect(await instance()).toMatchObject(expected);
});

test('a launch stores its words in their own spelling', async () => {
  const { instance } = await launched({
    InstanceType: 'T3.MICRO' as 't3.micro',
    InstanceInitiatedShutdownBehavior: 'Terminate' as 'terminate',
    CreditSpecification: { CpuCredits: 'Standard' },
    NetworkInterfaces: [{ DeviceIndex: 0, InterfaceType: 'Interface' }],
  });
  expect(await instance()).toMatchObject({
    instanceType: 't3.micro',
    shutdownBehavior: 'terminate',
    cpuCredits: 'standard',
  });
});

test('ModifyInstanceCreditSpecification takes credits in any case', async () => {
  const { call, instanceId: InstanceId, instance } = await launched();
  await call('ModifyInstanceCreditSpecification', {
    InstanceCreditSpecifications: [{ InstanceId, CpuCredits: 'Standard' }],
  });
  expect((await instance()).cpuCredits).toBe('standard');
});

test('a template is described with the words in their own spelling, and launches', async () => {
  const { call, addImage, metadata, read } = await testContext();
  const { id: ImageId } = await addImage();
  const LaunchTemplateName = 'web';
  const data = {
    ImageId,
    InstanceType: 't3.micro',
    CreditSpecification: { CpuCredits: 'Unlimited' },
    NetworkInterfaces: [{ DeviceIndex: 0, InterfaceType: ' Interface' }],
  } as const;
  const LaunchTemplateData = { ...data, NetworkInterfaces: [...data.NetworkInterfaces] };
  await call('CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData });
  const { LaunchTemplateVersions: [made] = [] } = await call('DescribeLaunchTemplateVersions', {
    LaunchTemplateName,
  });
  expect(made?.LaunchTemplateData).toMatchObject({
    CreditSpecification: { CpuCredits: 'unlimited' },
    NetworkInterfaces: [{ DeviceIndex: 0, InterfaceType: 'interface' }],
  });
  const launch = { LaunchTemplate: { LaunchTemplateName }, MinCount: 1, MaxCount: 1 };
  const { Instances } = await call('RunInstances', launch);
  expect(Instances).toHaveLength(1);
  // An earlier version stored the text as it came.
  const [stored] = await read((reader) => reader.list('launchTemplateVersion'));
  if (!stored) throw new Error('the template has a version');
  await metadata.write((tx) =>
    tx.put('launchTemplateVersion', { ...stored, data: LaunchTemplateData }),
  );
  expect((await call('RunInstances', launch)).Instances).toHaveLength(1);
});

test('an image has its words in their own spelling', async () => {
  const { call, callUntyped, settle } = await testContext();
  const zone = { AvailabilityZone: 'us-east-1a' };
  const { VolumeId = '' } = await call('CreateVolume', { ...zone, Size: 1 });
  await settle();
  const { SnapshotId = '' } = await call('CreateSnapshot', { VolumeId });
  await settle();
  const request = {
    Name: 'spelled',
    RootDeviceName: '/dev/xvda',
    Architecture: 'X86_64',
    VirtualizationType: 'HVM',
    SriovNetSupport: 'Simple',
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId } }],
  };
  const { ImageId = '' } = (await callUntyped('RegisterImage', request)) as { ImageId?: string };
  await call('ModifyImageAttribute', { ImageId, ImdsSupport: { Value: 'V2.0' } });
  await call('ModifyImageAttribute', { ImageId, OperationType: 'add', UserGroups: ['All'] });
  await call('ModifySnapshotAttribute', { SnapshotId, OperationType: 'add', GroupNames: ['ALL'] });
  expect((await call('DescribeImages', { ExecutableUsers: ['all'] })).Images).toMatchObject([
    {
      ImageId,
      Architecture: 'x86_64',
      VirtualizationType: 'hvm',
      SriovNetSupport: 'simple',
      ImdsSupport: 'v2.0',
      Public: true,
    },
  ]);
  const restorers = { RestorableByUserIds: ['all'] };
  expect((await call('DescribeSnapshots', restorers)).Snapshots).toHaveLength(1);
});

test('CreateSnapshots copies the tags of volumes, however it spells the source', async () => {
  const { call, callUntyped, instanceId: InstanceId, instance } = await launched();
  const [root] = (await instance()).volumes;
  const Tags = [{ Key: 'Team', Value: 'web' }];
  await call('CreateTags', { Resources: [root?.volumeId ?? ''], Tags });
  const InstanceSpecification = { InstanceId };
  const request = { InstanceSpecification, CopyTagsFromSource: 'Volume' };
  expect(await callUntyped('CreateSnapshots', request)).toMatchObject({ Snapshots: [{ Tags }] });
});
