import { expect, test } from 'vitest';
import type { OperationName } from '../operation.ts';
import { launched } from '../testing/launched.ts';
import { operations } from './registry.ts';

interface Named {
  readonly instance: string;
  readonly image: string;
  readonly nic: string;
  readonly attachment: string;
  readonly rule: string;
  readonly group: string;
  readonly prefixList: string;
  readonly snapshot: string;
  readonly template: string;
  readonly volume: string;
  readonly subnet: string;
  readonly vpc: string;
}

/** Requests that name what to change, and no change: it is missing, or an empty text where that is no value. */
const requests: Partial<Record<OperationName, (named: Named) => readonly object[]>> = {
  ModifyImageAttribute: ({ image: ImageId }) => [
    { ImageId },
    { ImageId, ImdsSupport: { Value: '' } },
    { ImageId, OperationType: '', UserIds: ['111122223333'] },
    { ImageId, LaunchPermission: { Add: [{ UserId: '' }] } },
  ],
  ModifyInstanceAttribute: ({ instance: InstanceId }) => [
    { InstanceId },
    { InstanceId, BlockDeviceMappings: [{ DeviceName: '/dev/xvda' }] },
    { InstanceId, BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: {} }] },
    { InstanceId, Attribute: '', Value: '' },
    { InstanceId, Attribute: 'disableApiStop', Value: '' },
    { InstanceId, Groups: [''] },
    { InstanceId, InstanceInitiatedShutdownBehavior: { Value: '' } },
  ],
  ModifyInstanceCpuOptions: ({ instance }) => [{ InstanceId: instance }],
  ModifyInstanceCreditSpecification: ({ instance: InstanceId }) => [
    { InstanceCreditSpecifications: [] },
    { InstanceCreditSpecifications: [{ InstanceId }] },
    { InstanceCreditSpecifications: [{ InstanceId, CpuCredits: '' }] },
    { InstanceCreditSpecifications: [{ CpuCredits: 'standard' }] },
    { InstanceCreditSpecifications: [{ InstanceId, CpuCredits: 'standard' }, { InstanceId }] },
  ],
  ModifyInstanceMetadataOptions: ({ instance: InstanceId }) => [
    { InstanceId },
    { InstanceId, HttpTokens: '' },
    { InstanceId, HttpEndpoint: '', InstanceMetadataTags: '' },
  ],
  ModifyLaunchTemplate: ({ template: LaunchTemplateId }) => [
    { LaunchTemplateId },
    { LaunchTemplateId, DefaultVersion: '' },
  ],
  ModifyManagedPrefixList: ({ prefixList: PrefixListId }) => [
    { PrefixListId },
    { PrefixListId, CurrentVersion: 1 },
    { PrefixListId, CurrentVersion: 1, AddEntries: [], PrefixListName: '' },
  ],
  ModifyNetworkInterfaceAttribute: ({ nic: NetworkInterfaceId, attachment: AttachmentId }) => [
    { NetworkInterfaceId },
    { NetworkInterfaceId, Attachment: { AttachmentId } },
  ],
  ModifySecurityGroupRules: ({ group: GroupId, rule: SecurityGroupRuleId }) => [
    { GroupId, SecurityGroupRules: [] },
    { GroupId, SecurityGroupRules: [{ SecurityGroupRuleId }] },
    {
      GroupId,
      SecurityGroupRules: [
        { SecurityGroupRuleId, SecurityGroupRule: { IpProtocol: '', CidrIpv4: '' } },
      ],
    },
  ],
  ModifySnapshotAttribute: ({ snapshot: SnapshotId }) => [
    { SnapshotId },
    { SnapshotId, Attribute: 'createVolumePermission', OperationType: '', UserIds: [''] },
  ],
  ModifySubnetAttribute: ({ subnet: SubnetId }) => [
    { SubnetId },
    { SubnetId, MapPublicIpOnLaunch: {} },
  ],
  ModifyVolume: ({ volume: VolumeId }) => [{ VolumeId }, { VolumeId, VolumeType: '' }],
  ModifyVolumeAttribute: ({ volume }) => [{ VolumeId: volume }],
  ModifyVpcAttribute: ({ vpc: VpcId }) => [{ VpcId }, { VpcId, EnableDnsSupport: {} }],
  ModifyVpcTenancy: ({ vpc: VpcId }) => [{ VpcId, InstanceTenancy: '' }],
};

async function makeWorld() {
  const world = await launched();
  const { call } = world;
  const instance = await world.instance();
  const nic = await world.read((reader) =>
    reader.get('networkInterface', instance.networkInterfaceId),
  );
  const volume = instance.volumes[0]?.volumeId ?? '';
  const { SnapshotId: snapshot = '' } = await call('CreateSnapshot', { VolumeId: volume });
  const group = nic?.groupIds[0] ?? '';
  const { SecurityGroupRules: [rule] = [] } = await call('DescribeSecurityGroupRules', {
    Filters: [{ Name: 'group-id', Values: [group] }],
  });
  const { LaunchTemplate: template } = await call('CreateLaunchTemplate', {
    LaunchTemplateName: 'web',
    LaunchTemplateData: { InstanceType: 't3.micro' },
  });
  const { PrefixList: list } = await call('CreateManagedPrefixList', {
    PrefixListName: 'office',
    AddressFamily: 'IPv4',
    MaxEntries: 2,
  });
  await world.settle();
  const named: Named = {
    instance: instance.id,
    image: instance.imageId,
    nic: instance.networkInterfaceId,
    attachment: nic?.attachment?.id ?? '',
    rule: rule?.SecurityGroupRuleId ?? '',
    group,
    prefixList: list?.PrefixListId ?? '',
    snapshot,
    template: template?.LaunchTemplateId ?? '',
    volume,
    subnet: instance.subnetId,
    vpc: instance.vpcId,
  };
  return { ...world, named };
}

test('a Modify without a change is refused', async () => {
  const { callUntyped, named } = await makeWorld();
  for (const [name, without] of Object.entries(requests)) {
    for (const request of without(named)) {
      const refusal = { code: expect.stringMatching(/^(MissingParameter$|Invalid)/) };
      const answer = callUntyped(name as OperationName, request);
      await expect(answer, `${name} ${JSON.stringify(request)}`).rejects.toMatchObject(refusal);
    }
  }
});

test('every served Modify is tried', () => {
  const served = Object.keys(operations).filter((name) => name.startsWith('Modify'));
  expect(Object.keys(requests).sort()).toEqual(served.sort());
});

test('what one request says twice is done once', async () => {
  const { call, instance, named } = await makeWorld();
  const { instance: InstanceId } = named;
  const mapping = { DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } };
  await call('ModifyInstanceAttribute', { InstanceId, BlockDeviceMappings: [mapping, mapping] });
  expect((await instance()).volumes).toMatchObject([{ deleteOnTermination: false }]);
  const standard = { InstanceId, CpuCredits: 'standard' };
  const missing = { InstanceId: 'i-0fffffffffffffff0', CpuCredits: 'standard' };
  const reply = await call('ModifyInstanceCreditSpecification', {
    InstanceCreditSpecifications: [standard, missing, standard, missing],
  });
  expect(reply).toMatchObject({
    SuccessfulInstanceCreditSpecifications: [{ InstanceId }],
    UnsuccessfulInstanceCreditSpecifications: [{ InstanceId: missing.InstanceId }],
  });
});

test('one request does not say two things about one device or instance', async () => {
  const { callUntyped, named } = await makeWorld();
  const { instance: InstanceId } = named;
  const mapping = (DeleteOnTermination: boolean) => ({
    DeviceName: '/dev/xvda',
    Ebs: { DeleteOnTermination },
  });
  await expect(
    callUntyped('ModifyInstanceAttribute', {
      InstanceId,
      BlockDeviceMappings: [mapping(true), mapping(false)],
    }),
  ).rejects.toMatchObject({ code: 'InvalidInstanceAttributeValue' });
  await expect(
    callUntyped('ModifyInstanceCreditSpecification', {
      InstanceCreditSpecifications: [
        { InstanceId, CpuCredits: 'standard' },
        { InstanceId, CpuCredits: 'unlimited' },
      ],
    }),
  ).rejects.toMatchObject({ code: 'InvalidParameterCombination' });
  const bad = [
    { InstanceId, CpuCredits: 'standard' },
    { InstanceId, CpuCredits: 'much' },
  ];
  await expect(
    callUntyped('ModifyInstanceCreditSpecification', { InstanceCreditSpecifications: bad }),
  ).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message:
      'Value (much) for parameter CpuCredits is invalid. Expecting one of: standard, unlimited',
  });
});
