import { describe, expect, test } from 'vitest';
import { defaultVpc, launchIn, makeNetwork, makeVpc } from '../../testing/network-fixtures.ts';
import { testContext } from '../../testing/test-context.ts';

describe('CreateSubnet', () => {
  test('makes a subnet of the default network ACL, without public addresses', async () => {
    const context = await testContext();
    const { call } = context;
    const VpcId = await makeVpc(context);
    const TagSpecifications = [
      { ResourceType: 'subnet' as const, Tags: [{ Key: 'tier', Value: 'web' }] },
    ];
    const request = { VpcId, CidrBlock: '10.0.1.7/24', AvailabilityZone: 'us-east-1c' };
    const { Subnet } = await call('CreateSubnet', { ...request, TagSpecifications });
    expect(Subnet).toMatchObject({
      VpcId,
      CidrBlock: '10.0.1.0/24',
      AvailabilityZone: 'us-east-1c',
      AvailableIpAddressCount: 251,
      MapPublicIpOnLaunch: false,
      DefaultForAz: false,
      Tags: [{ Key: 'tier', Value: 'web' }],
    });
    const Filters = [{ Name: 'association.subnet-id', Values: [Subnet?.SubnetId ?? ''] }];
    const { NetworkAcls } = await call('DescribeNetworkAcls', { Filters });
    expect(NetworkAcls).toMatchObject([{ VpcId, IsDefault: true }]);
  });

  test.each([
    ['10.1.0.0/24', 'InvalidSubnet.Range'],
    ['10.0.0.0/15', 'InvalidSubnet.Range'],
    ['10.0.9.0/29', 'InvalidSubnet.Range'],
    ['10.0.0.0/16', 'InvalidSubnet.Conflict'],
    ['10.0.1.128/25', 'InvalidSubnet.Conflict'],
    ['x', 'InvalidParameterValue'],
  ])('%s is refused with %s', async (CidrBlock, code) => {
    const context = await testContext();
    const { VpcId } = await makeNetwork(context);
    await expect(context.call('CreateSubnet', { VpcId, CidrBlock })).rejects.toMatchObject({
      code,
    });
  });

  test('names the zone by name or id, of those of the region', async () => {
    const context = await testContext();
    const VpcId = await makeVpc(context);
    const create = (place: object) =>
      context.call('CreateSubnet', { VpcId, CidrBlock: '10.0.2.0/24', ...place });
    await expect(create({ AvailabilityZone: 'us-east-1z' })).rejects.toMatchObject({
      code: 'InvalidParameterValue',
      message: expect.stringContaining('us-east-1a, us-east-1b'),
    });
    const both = { AvailabilityZone: 'us-east-1a', AvailabilityZoneId: 'use1-az4' };
    await expect(create(both)).rejects.toMatchObject({ code: 'InvalidParameterCombination' });
    const { Subnet } = await create({ AvailabilityZoneId: 'use1-az4' });
    expect(Subnet?.AvailabilityZoneId).toBe('use1-az4');
  });

  test('the smallest has 11 addresses, and the twelfth launch finds none', async () => {
    const context = await testContext();
    const { call } = context;
    const VpcId = await makeVpc(context);
    const { Subnet } = await call('CreateSubnet', { VpcId, CidrBlock: '10.0.0.0/28' });
    const SubnetId = Subnet?.SubnetId ?? '';
    const { id: ImageId } = await context.addImage();
    const launch = { ImageId, SubnetId, InstanceType: 't3.micro' as const };
    await call('RunInstances', { ...launch, MinCount: 11, MaxCount: 11 });
    await expect(
      call('RunInstances', { ...launch, MinCount: 1, MaxCount: 1 }),
    ).rejects.toMatchObject({ code: 'InsufficientFreeAddressesInSubnet' });
    const { Subnets } = await call('DescribeSubnets', { SubnetIds: [SubnetId] });
    expect(Subnets?.[0]?.AvailableIpAddressCount).toBe(0);
  });
});

describe('ModifySubnetAttribute', () => {
  test('new instances get a public address where the subnet says so', async () => {
    const context = await testContext();
    const { call } = context;
    const { SubnetId } = await makeNetwork(context);
    const addressOf = async (InstanceId: string) => {
      const { Reservations } = await call('DescribeInstances', { InstanceIds: [InstanceId] });
      return Reservations?.[0]?.Instances?.[0]?.PublicIpAddress;
    };
    expect(await addressOf(await launchIn(context, SubnetId))).toBeUndefined();
    await call('ModifySubnetAttribute', { SubnetId, MapPublicIpOnLaunch: { Value: true } });
    expect(await addressOf(await launchIn(context, SubnetId))).toMatch(/^127\./);
  });

  test.each([
    [{}, 'InvalidParameterCombination'],
    [{ AssignIpv6AddressOnCreation: { Value: true } }, 'UnsupportedOperation'],
    [{ PrivateDnsHostnameTypeOnLaunch: 'resource-name' }, 'UnsupportedOperation'],
    [{ EnableResourceNameDnsARecordOnLaunch: { Value: true } }, 'UnsupportedOperation'],
    [
      { MapPublicIpOnLaunch: { Value: true }, EnableDns64: { Value: false } },
      'InvalidParameterCombination',
    ],
  ])('%j is refused with %s', async (request, code) => {
    const context = await testContext();
    const { SubnetId } = await makeNetwork(context);
    await expect(
      context.callUntyped('ModifySubnetAttribute', { SubnetId, ...request }),
    ).rejects.toMatchObject({ code });
  });

  test.each([
    { EnableDns64: { Value: false } },
    { PrivateDnsHostnameTypeOnLaunch: 'ip-name' as const },
  ])('%j confirms what is', async (request) => {
    const context = await testContext();
    const { SubnetId } = await makeNetwork(context);
    await context.call('ModifySubnetAttribute', { SubnetId, ...request });
  });
});

test('a default subnet is made again where it was deleted', async () => {
  const context = await testContext();
  const { call } = context;
  const VpcId = await defaultVpc(context);
  const create = () => call('CreateDefaultSubnet', { AvailabilityZone: 'us-east-1b' });
  await expect(create()).rejects.toMatchObject({
    code: 'DefaultSubnetAlreadyExistsInAvailabilityZone',
  });
  const Filters = [{ Name: 'availability-zone', Values: ['us-east-1b'] }];
  const { Subnets } = await call('DescribeSubnets', { Filters });
  await call('DeleteSubnet', { SubnetId: Subnets?.[0]?.SubnetId ?? '' });
  const { id: ImageId } = await context.addImage();
  const launch = { ImageId, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' as const };
  const Placement = { AvailabilityZone: 'us-east-1b' };
  await expect(call('RunInstances', { ...launch, Placement })).rejects.toMatchObject({
    code: 'MissingInput',
    message: "No default subnet for availability zone: 'us-east-1b'.",
  });
  const { Subnet } = await create();
  expect(Subnet).toMatchObject({
    VpcId,
    CidrBlock: Subnets?.[0]?.CidrBlock,
    DefaultForAz: true,
    MapPublicIpOnLaunch: true,
  });
  await call('RunInstances', { ...launch, Placement });
});

test('without default subnets a launch must name one', async () => {
  const context = await testContext();
  const VpcId = await defaultVpc(context);
  const { Subnets = [] } = await context.call('DescribeSubnets', {});
  for (const { SubnetId = '' } of Subnets) await context.call('DeleteSubnet', { SubnetId });
  const { id: ImageId } = await context.addImage();
  const launch = { ImageId, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' as const };
  await expect(context.call('RunInstances', launch)).rejects.toMatchObject({
    code: 'MissingInput',
    message: `No subnets found for the default VPC '${VpcId}'. Please specify a subnet.`,
  });
});

test('an instance in a subnet of another VPC is of that VPC and its groups', async () => {
  const context = await testContext();
  const { VpcId, SubnetId } = await makeNetwork(context);
  const InstanceIds = [await launchIn(context, SubnetId)];
  const { Reservations } = await context.call('DescribeInstances', { InstanceIds });
  const instance = Reservations?.[0]?.Instances?.[0];
  expect(instance).toMatchObject({ VpcId, SubnetId });
  expect(instance?.PrivateIpAddress).toMatch(/^10\.0\.1\./);
  const GroupIds = [instance?.SecurityGroups?.[0]?.GroupId ?? ''];
  const { SecurityGroups } = await context.call('DescribeSecurityGroups', { GroupIds });
  expect(SecurityGroups).toMatchObject([{ VpcId, GroupName: 'default' }]);
});
