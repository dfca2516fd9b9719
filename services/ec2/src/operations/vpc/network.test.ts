import { describe, expect, test } from 'vitest';
import { type TestContext, testContext } from '../../testing/test-context.ts';

async function launched(context: TestContext) {
  const { id: ImageId } = await context.addImage();
  const { Instances } = await context.call('RunInstances', {
    ImageId,
    MinCount: 1,
    MaxCount: 1,
    InstanceType: 't3.micro',
    MetadataOptions: { InstanceMetadataTags: 'enabled' },
  });
  await context.settle();
  const InstanceIds = [Instances?.[0]?.InstanceId ?? ''];
  const { Reservations } = await context.call('DescribeInstances', { InstanceIds });
  return Reservations?.[0]?.Instances?.[0];
}

test('a region has a default VPC with a subnet in each zone, and its parts name each other', async () => {
  const { call } = await testContext();
  const { Vpcs: [vpc] = [] } = await call('DescribeVpcs', {});
  expect(vpc).toMatchObject({ IsDefault: true, CidrBlock: '172.31.0.0/16', State: 'available' });
  const inVpc = [{ Name: 'vpc-id', Values: [vpc?.VpcId ?? ''] }];
  const { Subnets = [] } = await call('DescribeSubnets', { Filters: inVpc });
  const { AvailabilityZones = [] } = await call('DescribeAvailabilityZones', {});
  expect(Subnets.map((subnet) => subnet.AvailabilityZoneId).sort()).toEqual(
    AvailabilityZones.map((zone) => zone.ZoneId).sort(),
  );
  const { RouteTables: [table] = [] } = await call('DescribeRouteTables', { Filters: inVpc });
  const gatewayId = table?.Routes?.[1]?.GatewayId ?? '';
  const gateways = await call('DescribeInternetGateways', { InternetGatewayIds: [gatewayId] });
  expect(gateways.InternetGateways?.[0]?.Attachments?.[0]?.VpcId).toBe(vpc?.VpcId);
  const { DhcpOptions: [options] = [] } = await call('DescribeDhcpOptions', {
    DhcpOptionsIds: [vpc?.DhcpOptionsId ?? ''],
  });
  expect(options?.DhcpConfigurations?.[0]?.Values).toEqual([{ Value: 'ec2.internal' }]);
  const { NetworkAcls: [acl] = [] } = await call('DescribeNetworkAcls', { Filters: inVpc });
  expect(acl?.Associations).toHaveLength(Subnets.length);
});

test('each account and region has a network of its own', async () => {
  const { call } = await testContext();
  const vpcId = async (scope: object) =>
    (await call('DescribeVpcs', {}, scope)).Vpcs?.map((vpc) => vpc.VpcId);
  const all = [
    await vpcId({}),
    await vpcId({ region: 'us-west-2' }),
    await vpcId({ accountId: '210987654321' }),
  ].flat();
  expect(new Set(all).size).toBe(3);
});

test('a subnet counts the addresses that its instances take', async () => {
  const context = await testContext();
  const instance = await launched(context);
  const count = async (name: string, value: string) => {
    const Filters = [{ Name: name, Values: [value] }];
    const { Subnets } = await context.call('DescribeSubnets', { Filters });
    return Subnets?.map((subnet) => subnet.AvailableIpAddressCount);
  };
  expect(await count('subnet-id', instance?.SubnetId ?? '')).toEqual([4090]);
  expect(await count('available-ip-address-count', '4091')).toHaveLength(5);
});

describe('DescribeNetworkInterfaces', () => {
  test('shows the interface of an instance as the instance does', async () => {
    const context = await testContext();
    const instance = await launched(context);
    const { NetworkInterfaces = [] } = await context.call('DescribeNetworkInterfaces', {});
    expect(NetworkInterfaces).toHaveLength(1);
    const [nic] = NetworkInterfaces;
    expect(nic).toMatchObject({
      Attachment: { InstanceId: instance?.InstanceId, Status: 'attached', DeviceIndex: 0 },
      PrivateIpAddress: instance?.PrivateIpAddress,
      Association: { PublicIp: instance?.PublicIpAddress },
      Groups: instance?.SecurityGroups,
      Status: 'in-use',
    });
  });

  test.each<[string, (instance: Awaited<ReturnType<typeof launched>>) => string | undefined]>([
    ['attachment.instance-id', (instance) => instance?.InstanceId],
    ['association.public-ip', (instance) => instance?.PublicIpAddress],
    ['private-ip-address', (instance) => instance?.PrivateIpAddress],
    ['private-dns-name', (instance) => instance?.PrivateDnsName],
    ['group-id', (instance) => instance?.SecurityGroups?.[0]?.GroupId],
    ['group-name', () => 'default'],
    ['availability-zone', (instance) => instance?.Placement?.AvailabilityZone],
    ['mac-address', (instance) => instance?.NetworkInterfaces?.[0]?.MacAddress],
    ['status', () => 'in-use'],
  ])('filters by %s', async (Name, pick) => {
    const context = await testContext();
    const value = pick(await launched(context)) ?? '';
    const found = async (Values: string[]) => {
      const request = { Filters: [{ Name, Values }] };
      const answer = await context.call('DescribeNetworkInterfaces', request);
      return answer.NetworkInterfaces?.length;
    };
    expect(await found([value])).toBe(1);
    expect(await found(['another'])).toBe(0);
  });
});

describe('ModifyNetworkInterfaceAttribute', () => {
  async function withGroup(context: TestContext) {
    const instance = await launched(context);
    const request = { GroupName: 'other', Description: 'another' };
    const { GroupId = '' } = await context.call('CreateSecurityGroup', request);
    const NetworkInterfaceId = instance?.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '';
    return { instance, GroupId, NetworkInterfaceId };
  }

  test('new groups are in force, and read by the guest, when the call returns', async () => {
    const context = await testContext();
    const { instance, GroupId, NetworkInterfaceId } = await withGroup(context);
    await context.call('AuthorizeSecurityGroupIngress', {
      GroupId,
      IpProtocol: 'tcp',
      FromPort: 22,
      ToPort: 22,
      CidrIp: '0.0.0.0/0',
    });
    const toIp = instance?.PrivateIpAddress ?? '';
    const flow = { fromIp: '203.0.113.7', toIp, protocol: 'tcp', port: 22 };
    expect(context.drivers.network.allows(flow)).toBe(false);
    const request = { NetworkInterfaceId, Groups: [GroupId] };
    await context.call('ModifyNetworkInterfaceAttribute', request);
    expect(context.drivers.network.allows(flow)).toBe(true);
    const id = instance?.InstanceId as `i-${string}`;
    expect(context.drivers.publisher.read(id)?.securityGroups).toEqual([
      { id: GroupId, name: 'other' },
    ]);
  });

  test('an interface that is to stay outlives its instance, until it is deleted', async () => {
    const context = await testContext();
    const { instance, NetworkInterfaceId } = await withGroup(context);
    const AttachmentId = instance?.NetworkInterfaces?.[0]?.Attachment?.AttachmentId ?? '';
    const remove = () => context.call('DeleteNetworkInterface', { NetworkInterfaceId });
    await expect(remove()).rejects.toMatchObject({ code: 'InvalidParameterValue' });
    await context.call('ModifyNetworkInterfaceAttribute', {
      NetworkInterfaceId,
      Attachment: { AttachmentId, DeleteOnTermination: false },
    });
    await context.call('TerminateInstances', { InstanceIds: [instance?.InstanceId ?? ''] });
    await context.settle();
    const { NetworkInterfaces } = await context.call('DescribeNetworkInterfaces', {});
    expect(NetworkInterfaces).toMatchObject([{ NetworkInterfaceId, Status: 'available' }]);
    await remove();
    expect((await context.call('DescribeNetworkInterfaces', {})).NetworkInterfaces).toEqual([]);
  });

  test('a description is kept', async () => {
    const context = await testContext();
    const { NetworkInterfaceId } = await withGroup(context);
    const Description = { Value: 'the first' };
    await context.call('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId, Description });
    const { NetworkInterfaces } = await context.call('DescribeNetworkInterfaces', {
      Filters: [{ Name: 'description', Values: ['the*'] }],
    });
    expect(NetworkInterfaces?.[0]?.Description).toBe('the first');
  });

  test.each([
    [{}, 'InvalidParameterCombination'],
    [{ Groups: ['sg-0000000000000000f'] }, 'InvalidGroup.NotFound'],
    [{ Groups: ['sg-x'] }, 'InvalidGroupId.Malformed'],
    [{ EnablePrimaryIpv6: true }, 'UnsupportedOperation'],
    [{ Attachment: { DeleteOnTermination: false } }, 'MissingParameter'],
    [{ Attachment: { AttachmentId: 'eni-attach-0' } }, 'InvalidAttachmentID.NotFound'],
    [
      { SourceDestCheck: { Value: true }, Description: { Value: 'x' } },
      'InvalidParameterCombination',
    ],
    [{ NetworkInterfaceId: 'eni-x', Groups: ['sg-x'] }, 'InvalidNetworkInterfaceId.Malformed'],
  ])('%j is refused with %s', async (changes, code) => {
    const context = await testContext();
    const { NetworkInterfaceId } = await withGroup(context);
    const request = { NetworkInterfaceId, ...changes };
    await expect(context.call('ModifyNetworkInterfaceAttribute', request)).rejects.toMatchObject({
      code,
    });
  });
});

test.each([
  ['DescribeVpcs', { VpcIds: ['vpc-x'] }, 'InvalidVpcID.Malformed'],
  ['DescribeVpcs', { VpcIds: ['vpc-0000000000000000f'] }, 'InvalidVpcID.NotFound'],
  ['DescribeSubnets', { SubnetIds: ['subnet-00000000'] }, 'InvalidSubnetID.NotFound'],
  ['DescribeRouteTables', { RouteTableIds: ['rtb-00000000'] }, 'InvalidRouteTableID.NotFound'],
  ['DescribeInternetGateways', { InternetGatewayIds: ['x'] }, 'InvalidInternetGatewayId.Malformed'],
  ['DescribeDhcpOptions', { DhcpOptionsIds: ['dopt-00000000'] }, 'InvalidDhcpOptionID.NotFound'],
  ['DescribeNetworkAcls', { NetworkAclIds: ['acl-00000000'] }, 'InvalidNetworkAclID.NotFound'],
  ['DescribeAddresses', { PublicIps: ['127.18.0.1'] }, 'InvalidAddress.NotFound'],
  ['DescribeAddresses', { AllocationIds: ['eipalloc-00000000'] }, 'InvalidAllocationID.NotFound'],
  ['DescribeAvailabilityZones', { ZoneNames: ['us-east-1z'] }, 'InvalidParameterValue'],
  ['DescribeAvailabilityZones', { ZoneIds: ['use1-az9'] }, 'InvalidParameterValue'],
  ['DescribeRegions', { RegionNames: ['mars-1'] }, 'InvalidParameterValue'],
] as const)('%s of %j is refused with %s', async (name, request, code) => {
  const { callUntyped } = await testContext();
  await expect(callUntyped(name, structuredClone(request))).rejects.toMatchObject({ code });
});

test('the default VPC’s attributes, one at a time', async () => {
  const { call } = await testContext();
  const { Vpcs: [vpc] = [] } = await call('DescribeVpcs', {});
  const VpcId = vpc?.VpcId ?? '';
  const answer = await call('DescribeVpcAttribute', { VpcId, Attribute: 'enableDnsSupport' });
  expect(answer).toEqual({ VpcId, EnableDnsSupport: { Value: true } });
});

test('account attributes name the default VPC', async () => {
  const { call } = await testContext();
  const { Vpcs: [vpc] = [] } = await call('DescribeVpcs', {});
  const answer = await call('DescribeAccountAttributes', { AttributeNames: ['default-vpc'] });
  expect(answer.AccountAttributes).toEqual([
    { AttributeName: 'default-vpc', AttributeValues: [{ AttributeValue: vpc?.VpcId }] },
  ]);
});
