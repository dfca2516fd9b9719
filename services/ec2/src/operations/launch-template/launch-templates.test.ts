import { documentedFilters } from '@bakehouse/aws-model';
import { expect, test } from 'vitest';
import {
  launchTemplateFilters,
  launchTemplateVersionFilters,
} from '../../filters/launch-template-filters.ts';
import { launched } from '../../testing/launched.ts';
import { testContext } from '../../testing/test-context.ts';
import type { TemplateData } from './template-data.ts';

test.each([
  ['DescribeLaunchTemplates', launchTemplateFilters],
  ['DescribeLaunchTemplateVersions', launchTemplateVersionFilters],
] as const)('%s takes its documented filters and no others', (operation, table) => {
  const documented = documentedFilters(operation)?.names.map((name) =>
    name.startsWith('tag:') ? 'tag:' : name,
  );
  expect(Object.keys(table).sort()).toEqual(documented?.toSorted());
});

async function withTemplate(LaunchTemplateData: TemplateData = { InstanceType: 't3.micro' }) {
  const context = await testContext();
  const LaunchTemplateName = 'web';
  const request = { LaunchTemplateName, LaunchTemplateData };
  const { LaunchTemplate } = await context.call('CreateLaunchTemplate', request);
  const LaunchTemplateId = LaunchTemplate?.LaunchTemplateId ?? '';
  const addVersion = (data: TemplateData, SourceVersion?: string) =>
    context.call('CreateLaunchTemplateVersion', {
      LaunchTemplateId,
      LaunchTemplateData: data,
      ...(SourceVersion ? { SourceVersion } : {}),
    });
  return { ...context, LaunchTemplateId, LaunchTemplateName, addVersion };
}

test('a version from another has its data but for what the request changes', async () => {
  const { addVersion } = await withTemplate({ InstanceType: 't3.micro', KeyName: 'a' });
  const { LaunchTemplateVersion: version } = await addVersion({ KeyName: 'b' }, '1');
  expect(version).toMatchObject({
    VersionNumber: 2,
    DefaultVersion: false,
    LaunchTemplateData: { InstanceType: 't3.micro', KeyName: 'b' },
  });
});

test('a version from another has no snapshot of its mapping unless it is named again', async () => {
  const mapping = (Ebs: object) => [{ DeviceName: '/dev/xvda', Ebs }];
  const { addVersion } = await withTemplate({
    BlockDeviceMappings: mapping({ SnapshotId: 'snap-0123456789abcdef0', VolumeSize: 20 }),
  });
  const made = await addVersion({ InstanceType: 't3.small' }, '1');
  const { BlockDeviceMappings } = made.LaunchTemplateVersion?.LaunchTemplateData ?? {};
  expect(BlockDeviceMappings).toEqual(mapping({ VolumeSize: 20 }));
});

test('a version from another may say nothing of its own', async () => {
  const { addVersion } = await withTemplate({ InstanceType: 't3.micro', KeyName: 'a' });
  const { LaunchTemplateVersion: version } = await addVersion({}, '1');
  expect(version).toMatchObject({
    VersionNumber: 2,
    LaunchTemplateData: { InstanceType: 't3.micro', KeyName: 'a' },
  });
  await expect(addVersion({})).rejects.toMatchObject({ code: 'MissingParameter' });
});

test.each([
  [{ SecurityGroups: ['default'] }, { SecurityGroupIds: ['sg-0123456789abcdef0'] }],
  [{ SecurityGroupIds: ['sg-0123456789abcdef0'] }, { SecurityGroups: ['default'] }],
])(
  'groups of a version replace those of its source in either form: %j, %j',
  async (source, own) => {
    const { addVersion } = await withTemplate({ InstanceType: 't3.micro', ...source });
    const { LaunchTemplateVersion: version } = await addVersion(own, '1');
    expect(version?.LaunchTemplateData).toEqual({ InstanceType: 't3.micro', ...own });
    const { LaunchTemplateVersion: kept } = await addVersion({ KeyName: 'b' }, '1');
    expect(kept?.LaunchTemplateData).toMatchObject(source);
  },
);

test('a version that does not exist is not found, whoever asks', async () => {
  const { call, callUntyped, addVersion, addImage, LaunchTemplateId } = await withTemplate();
  const { id: ImageId } = await addImage();
  const launch = { ImageId, MinCount: 1, MaxCount: 1 };
  const LaunchTemplate = { LaunchTemplateId, Version: '9' };
  const missing = {
    code: 'InvalidLaunchTemplateId.VersionNotFound',
    message: `Could not find the specified version 9 for the launch template with ID ${LaunchTemplateId}.`,
  };
  const Versions = ['9'];
  const asked = [
    () => call('DescribeLaunchTemplateVersions', { LaunchTemplateId, Versions }),
    () => call('ModifyLaunchTemplate', { LaunchTemplateId, DefaultVersion: '9' }),
    () => call('RunInstances', { ...launch, LaunchTemplate }),
    () => addVersion({}, '9'),
  ];
  for (const ask of asked) await expect(ask()).rejects.toMatchObject(missing);
  const both = { LaunchTemplateId, LaunchTemplateName: 'web' };
  for (const [reference, code] of [
    [{}, 'MissingParameter'],
    [both, 'InvalidParameterCombination'],
    [{ LaunchTemplateName: 'nothing' }, 'InvalidLaunchTemplateName.NotFoundException'],
    [{ LaunchTemplateId: 'lt-0fffffffffffffff0' }, 'InvalidLaunchTemplateId.NotFound'],
    [{ LaunchTemplateId: 'web' }, 'InvalidLaunchTemplateId.Malformed'],
  ] as const) {
    await expect(callUntyped('DeleteLaunchTemplate', reference)).rejects.toMatchObject({ code });
    const change = { ...reference, DefaultVersion: '1' };
    await expect(callUntyped('ModifyLaunchTemplate', change)).rejects.toMatchObject({ code });
  }
});

test.each([
  ['ModifyLaunchTemplate', { DefaultVersion: '' }, 'SetDefaultVersion'],
  ['ModifyLaunchTemplate', { DefaultVersion: 'x' }, 'SetDefaultVersion'],
  [
    'CreateLaunchTemplateVersion',
    { SourceVersion: '', LaunchTemplateData: { KeyName: 'b' } },
    'SourceVersion',
  ],
  ['DescribeLaunchTemplateVersions', { Versions: [''] }, 'LaunchTemplateVersion'],
  ['DescribeLaunchTemplateVersions', { MinVersion: '' }, 'MinVersion'],
  ['DescribeLaunchTemplateVersions', { MaxVersion: '0' }, 'MaxVersion'],
  ['DeleteLaunchTemplateVersions', { Versions: [''] }, 'LaunchTemplateVersion'],
] as const)('%s refuses a version that is none (%j) and names its parameter', async (...given) => {
  const [operation, request, parameter] = given;
  const { callUntyped, LaunchTemplateId } = await withTemplate();
  await expect(callUntyped(operation, { LaunchTemplateId, ...request })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: expect.stringMatching(`^Value \\(.?\\) for parameter ${parameter} is invalid\\.`),
  });
});

test('versions are asked for by number, by range, and as latest and default', async () => {
  const { call, addVersion, LaunchTemplateId } = await withTemplate();
  for (const name of ['b', 'c', 'd']) await addVersion({ KeyName: name });
  await call('ModifyLaunchTemplate', { LaunchTemplateId, DefaultVersion: '2' });
  const numbers = async (request: object) => {
    const answer = await call('DescribeLaunchTemplateVersions', request);
    return answer.LaunchTemplateVersions?.map((each) => each.VersionNumber);
  };
  expect(await numbers({ LaunchTemplateId })).toEqual([4, 3, 2, 1]);
  expect(await numbers({ LaunchTemplateId, Versions: ['1', '$Latest'] })).toEqual([4, 1]);
  expect(await numbers({ LaunchTemplateId, MinVersion: '2', MaxVersion: '3' })).toEqual([3, 2]);
  expect(await numbers({ Versions: ['$Default'] })).toEqual([2]);
  const Filters = [{ Name: 'is-default-version', Values: ['true'] }];
  expect(await numbers({ LaunchTemplateId, Filters })).toEqual([2]);
  await expect(numbers({ LaunchTemplateId, Versions: ['9'] })).rejects.toMatchObject({
    code: 'InvalidLaunchTemplateId.VersionNotFound',
  });
  await expect(numbers({})).rejects.toMatchObject({ code: 'MissingParameter' });
});

test('versions are deleted one by one, and no number is used again', async () => {
  const { call, addVersion, LaunchTemplateId } = await withTemplate();
  await addVersion({ KeyName: 'b' });
  const Versions = ['1', '2', '7'];
  const answer = await call('DeleteLaunchTemplateVersions', { LaunchTemplateId, Versions });
  expect(answer.SuccessfullyDeletedLaunchTemplateVersions).toMatchObject([{ VersionNumber: 2 }]);
  expect(answer.UnsuccessfullyDeletedLaunchTemplateVersions).toMatchObject([
    { VersionNumber: 1, ResponseError: { Code: 'unexpectedError' } },
    { VersionNumber: 7, ResponseError: { Code: 'launchTemplateVersionDoesNotExist' } },
  ]);
  const { LaunchTemplates } = await call('DescribeLaunchTemplates', {});
  expect(LaunchTemplates?.[0]?.LatestVersionNumber).toBe(1);
  const { LaunchTemplateVersion } = await addVersion({ KeyName: 'c' });
  expect(LaunchTemplateVersion?.VersionNumber).toBe(3);
});

test('a deleted template is gone with its versions', async () => {
  const { call, LaunchTemplateId, LaunchTemplateName, read } = await withTemplate();
  await call('DeleteLaunchTemplate', { LaunchTemplateName });
  expect(await read((reader) => reader.list('launchTemplateVersion'))).toEqual([]);
  const describe = call('DescribeLaunchTemplates', { LaunchTemplateIds: [LaunchTemplateId] });
  await expect(describe).rejects.toMatchObject({ code: 'InvalidLaunchTemplateId.NotFound' });
});

test.each([
  ['a name in use', 'web', 'InvalidLaunchTemplateName.AlreadyExistsException'],
  ['a name too short', 'we', 'InvalidLaunchTemplateName.MalformedException'],
  ['a name with blanks', 'a web', 'InvalidLaunchTemplateName.MalformedException'],
])('%s is refused', async (_, LaunchTemplateName, code) => {
  const { call } = await withTemplate();
  const LaunchTemplateData = { InstanceType: 't3.micro' } as const;
  await expect(
    call('CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData }),
  ).rejects.toMatchObject({ code });
});

test('a repeated token makes one template', async () => {
  const { call, read } = await testContext();
  const request = {
    LaunchTemplateName: 'once',
    ClientToken: 'token',
    LaunchTemplateData: { InstanceType: 't3.micro' },
  } as const;
  const first = await call('CreateLaunchTemplate', request);
  expect(await call('CreateLaunchTemplate', request)).toEqual(first);
  expect(await read((reader) => reader.list('launchTemplate'))).toHaveLength(1);
});

test('a launch takes from the template what the request does not say', async () => {
  const { call, addImage, addVersion, LaunchTemplateId, settle, read } = await withTemplate();
  const { id: ImageId } = await addImage();
  await addVersion({
    ImageId,
    InstanceType: 't3.small',
    UserData: Buffer.from('hello').toString('base64'),
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 9, VolumeType: 'gp3' } }],
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
    NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: false, Description: 'eth0' }],
    TagSpecifications: [
      {
        ResourceType: 'instance',
        Tags: [
          { Key: 'Name', Value: 'template' },
          { Key: 'Team', Value: 'web' },
        ],
      },
      { ResourceType: 'volume', Tags: [{ Key: 'Keep', Value: 'no' }] },
    ],
  });
  const { Instances: [made] = [] } = await call('RunInstances', {
    LaunchTemplate: { LaunchTemplateId, Version: '$Latest' },
    InstanceType: 't3.micro',
    MetadataOptions: { HttpPutResponseHopLimit: 5 },
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } }],
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'request' }] }],
    MinCount: 1,
    MaxCount: 1,
  });
  await settle();
  const instance = await read((reader) => reader.get('instance', made?.InstanceId ?? ''));
  expect(instance).toMatchObject({
    imageId: ImageId,
    instanceType: 't3.micro',
    userDataBase64: Buffer.from('hello').toString('base64'),
    metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 5 },
    volumes: [{ deleteOnTermination: false }],
    tags: {
      Name: 'request',
      Team: 'web',
      'aws:ec2launchtemplate:id': LaunchTemplateId,
      'aws:ec2launchtemplate:version': '2',
    },
  });
  expect(made?.PublicIpAddress).toBeUndefined();
  const [volume] = await read((reader) => reader.list('volume'));
  expect(volume).toMatchObject({ sizeGiB: 9, tags: { Keep: 'no' } });
});

test('group names of a request are refused next to an interface of the template', async () => {
  const NetworkInterfaces = [{ DeviceIndex: 0, AssociatePublicIpAddress: false }];
  const { call, addImage, LaunchTemplateId } = await withTemplate({ NetworkInterfaces });
  const { id: ImageId } = await addImage();
  const launch = { ImageId, MinCount: 1, MaxCount: 1, SecurityGroups: ['default'] };
  const refusal = { code: 'InvalidParameterCombination' };
  const LaunchTemplate = { LaunchTemplateId };
  await expect(call('RunInstances', { ...launch, LaunchTemplate })).rejects.toMatchObject(refusal);
  await expect(call('RunInstances', { ...launch, NetworkInterfaces })).rejects.toMatchObject(
    refusal,
  );
});

test('a template of what an instance is launches another like it, also of an instance of a template', async () => {
  const { call, addImage, settle, LaunchTemplateId } = await withTemplate();
  const { id: ImageId } = await addImage();
  const counts = { MinCount: 1, MaxCount: 1 };
  const Tags = [{ Key: 'Name', Value: 'first' }];
  const { Instances: [first] = [] } = await call('RunInstances', {
    ...{ ImageId, InstanceType: 't3.small', ...counts },
    LaunchTemplate: { LaunchTemplateId },
    MetadataOptions: { HttpTokens: 'required' },
    TagSpecifications: [{ ResourceType: 'instance', Tags }],
  });
  await settle();
  const InstanceId = first?.InstanceId ?? '';
  const { LaunchTemplateData } = await call('GetLaunchTemplateData', { InstanceId });
  expect(LaunchTemplateData?.TagSpecifications).toEqual([{ ResourceType: 'instance', Tags }]);
  const { LaunchTemplate: made } = await call('CreateLaunchTemplate', {
    LaunchTemplateName: 'like-it',
    LaunchTemplateData: LaunchTemplateData as TemplateData,
  });
  const LaunchTemplate = { LaunchTemplateName: 'like-it' };
  const { Instances: [second] = [] } = await call('RunInstances', { LaunchTemplate, ...counts });
  expect(second).toMatchObject({
    ImageId,
    InstanceType: 't3.small',
    SubnetId: first?.SubnetId,
    MetadataOptions: { HttpTokens: 'required' },
    Tags: expect.arrayContaining([
      ...Tags,
      { Key: 'aws:ec2launchtemplate:id', Value: made?.LaunchTemplateId },
    ]),
  });
});

test.each([
  ['a key of the platform', [{ Key: 'aws:x', Value: '' }]],
  ['a key in other case', [{ Key: 'AWS:x', Value: '' }]],
  ['a key twice', ['a', 'b'].map((Value) => ({ Key: 'Name', Value }))],
  ['a key too long', [{ Key: 'k'.repeat(129), Value: '' }]],
])('tags that a launch would refuse are refused in a template: %s', async (_, Tags) => {
  const { call, addVersion, addImage } = await withTemplate();
  const TagSpecifications = [{ ResourceType: 'volume' as const, Tags }];
  const { id: ImageId } = await addImage();
  const launch = call('RunInstances', { ImageId, MinCount: 1, MaxCount: 1, TagSpecifications });
  const refusal: Error = await launch.then(
    () => new Error('launched'),
    (error) => error,
  );
  expect(refusal).toMatchObject({ code: 'InvalidParameterValue' });
  await expect(addVersion({ TagSpecifications })).rejects.toThrow(refusal.message);
  const LaunchTemplateData = { TagSpecifications };
  await expect(
    call('CreateLaunchTemplate', { LaunchTemplateName: 'tagged', LaunchTemplateData }),
  ).rejects.toThrow(refusal.message);
});

test.each([true, false])(
  'the template of a stopped instance asks for a public address as its launch did: %s',
  async (asked) => {
    const NetworkInterfaces = [{ DeviceIndex: 0, AssociatePublicIpAddress: asked }];
    const { call, instanceId } = await launched({ NetworkInterfaces }, 'stopped');
    const { LaunchTemplateData } = await call('GetLaunchTemplateData', { InstanceId: instanceId });
    expect(LaunchTemplateData?.NetworkInterfaces?.[0]?.AssociatePublicIpAddress).toBe(asked);
  },
);

test('a template turns automatic recovery off, and the template of such an instance does, too', async () => {
  const MaintenanceOptions = { AutoRecovery: 'disabled' } as const;
  const { call, addImage, LaunchTemplateId } = await withTemplate({ MaintenanceOptions });
  const { LaunchTemplateVersions } = await call('DescribeLaunchTemplateVersions', {
    LaunchTemplateId,
  });
  expect(LaunchTemplateVersions?.[0]?.LaunchTemplateData).toEqual({ MaintenanceOptions });
  const { id: ImageId } = await addImage();
  const launch = { ImageId, MinCount: 1, MaxCount: 1, LaunchTemplate: { LaunchTemplateId } };
  const shown = async (changes: object) => {
    const { Instances: [made] = [] } = await call('RunInstances', { ...launch, ...changes });
    const InstanceId = made?.InstanceId ?? '';
    const { LaunchTemplateData } = await call('GetLaunchTemplateData', { InstanceId });
    return LaunchTemplateData?.MaintenanceOptions;
  };
  expect(await shown({})).toEqual(MaintenanceOptions);
  expect(await shown({ MaintenanceOptions: {} })).toEqual(MaintenanceOptions);
  expect(await shown({ MaintenanceOptions: { AutoRecovery: 'default' } })).toBeUndefined();
});
