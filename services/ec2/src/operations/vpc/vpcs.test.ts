import { describe, expect, test } from 'vitest';
import { defaultVpc, makeGateway, makeSubnet, makeVpc } from '../../testing/network-fixtures.ts';
import { type TestContext, testContext } from '../../testing/test-context.ts';

const inVpc = (VpcId: string) => ({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] });

async function describeVpc({ call }: TestContext, VpcId: string) {
  return (await call('DescribeVpcs', { VpcIds: [VpcId] })).Vpcs?.[0];
}

describe('CreateVpc', () => {
  test('makes a VPC with its main route table, its default network ACL and its default group', async () => {
    const context = await testContext();
    const { call } = context;
    const TagSpecifications = [
      { ResourceType: 'vpc' as const, Tags: [{ Key: 'Name', Value: 'net' }] },
    ];
    const { Vpc } = await call('CreateVpc', { CidrBlock: '10.0.0.0/16', TagSpecifications });
    const VpcId = Vpc?.VpcId ?? '';
    expect(Vpc).toMatchObject({
      CidrBlock: '10.0.0.0/16',
      IsDefault: false,
      InstanceTenancy: 'default',
      Tags: [{ Key: 'Name', Value: 'net' }],
    });
    expect(await describeVpc(context, VpcId)).toEqual(Vpc);
    const { RouteTables } = await call('DescribeRouteTables', inVpc(VpcId));
    expect(RouteTables).toMatchObject([
      { Associations: [{ Main: true }], Routes: [{ GatewayId: 'local' }] },
    ]);
    const { NetworkAcls } = await call('DescribeNetworkAcls', inVpc(VpcId));
    expect(NetworkAcls).toMatchObject([{ IsDefault: true, Associations: [] }]);
    const { SecurityGroups } = await call('DescribeSecurityGroups', inVpc(VpcId));
    expect(SecurityGroups).toMatchObject([{ GroupName: 'default' }]);
    expect((await call('DescribeSubnets', inVpc(VpcId))).Subnets).toEqual([]);
    const filter = { Filters: [{ Name: 'attachment.vpc-id', Values: [VpcId] }] };
    expect((await call('DescribeInternetGateways', filter)).InternetGateways).toEqual([]);
  });

  test('VPCs of the region share the DHCP options of the default VPC', async () => {
    const context = await testContext();
    const made = await describeVpc(context, await makeVpc(context));
    const first = await describeVpc(context, await defaultVpc(context));
    expect(made?.DhcpOptionsId).toBe(first?.DhcpOptionsId);
  });

  test('host bits are masked, and equal ranges are no conflict', async () => {
    const context = await testContext();
    const made = await describeVpc(context, await makeVpc(context, '100.68.0.18/18'));
    expect(made?.CidrBlock).toBe('100.68.0.0/18');
    await makeVpc(context, '100.68.0.0/18');
  });

  test.each([
    [{ CidrBlock: '10.0.0.0/8' }, 'InvalidVpc.Range', "The CIDR '10.0.0.0/8' is invalid."],
    [{ CidrBlock: '10.0.0.0/29' }, 'InvalidVpc.Range', "The CIDR '10.0.0.0/29' is invalid."],
    [{ CidrBlock: '127.0.0.0/16' }, 'InvalidVpc.Range', "The CIDR '127.0.0.0/16' is invalid."],
    [
      { CidrBlock: 'ten' },
      'InvalidParameterValue',
      'Value (ten) for parameter cidrBlock is invalid. This is not a valid CIDR block.',
    ],
    [{}, 'MissingParameter', 'The request must contain the parameter cidrBlock'],
    [
      { CidrBlock: '10.0.0.0/16', InstanceTenancy: 'dedicated' },
      'UnsupportedOperation',
      "Tenancy 'dedicated' is not supported on this platform; use 'default'",
    ],
    [
      { CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true },
      'UnsupportedOperation',
      'The parameter AmazonProvidedIpv6CidrBlock is not supported on this platform',
    ],
  ])('%j is refused with %s', async (request, code, message) => {
    const { callUntyped } = await testContext();
    await expect(callUntyped('CreateVpc', request)).rejects.toMatchObject({ code, message });
  });

  test('refuses one more than the quota', async () => {
    const context = await testContext();
    for (let count = 1; count < 100; count += 1) await makeVpc(context);
    await expect(makeVpc(context)).rejects.toMatchObject({ code: 'VpcLimitExceeded' });
    const elsewhere = { region: 'us-west-2' };
    await context.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, elsewhere);
  });

  test('a dry run makes nothing', async () => {
    const context = await testContext();
    const request = { CidrBlock: '10.0.0.0/16', DryRun: true };
    await expect(context.call('CreateVpc', request)).rejects.toMatchObject({
      code: 'DryRunOperation',
    });
    expect((await context.call('DescribeVpcs', {})).Vpcs).toHaveLength(1);
  });
});

test('DeleteVpc leaves no part behind', async () => {
  const context = await testContext();
  const kinds = ['vpc', 'routeTable', 'networkAcl', 'securityGroup', 'securityGroupRule'] as const;
  const counts = () =>
    context.read((reader) => Promise.all(kinds.map((kind) => reader.count(kind))));
  await defaultVpc(context);
  const before = await counts();
  const VpcId = await makeVpc(context);
  expect(await counts()).not.toEqual(before);
  await context.call('DeleteVpc', { VpcId });
  expect(await counts()).toEqual(before);
});

describe('the default VPC', () => {
  async function deleteDefault(context: TestContext): Promise<void> {
    const { call } = context;
    const VpcId = await defaultVpc(context);
    const { Subnets = [] } = await call('DescribeSubnets', inVpc(VpcId));
    for (const { SubnetId = '' } of Subnets) await call('DeleteSubnet', { SubnetId });
    const { InternetGateways = [] } = await call('DescribeInternetGateways', {});
    for (const { InternetGatewayId = '' } of InternetGateways) {
      await call('DetachInternetGateway', { InternetGatewayId, VpcId });
      await call('DeleteInternetGateway', { InternetGatewayId });
    }
    await call('DeleteVpc', { VpcId });
  }

  test('can be deleted; then launches and groups need a VPC, until it is created again', async () => {
    const context = await testContext();
    const { call } = context;
    await deleteDefault(context);
    const { id: ImageId } = await context.addImage();
    const launch = { ImageId, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' as const };
    await expect(call('RunInstances', launch)).rejects.toMatchObject({
      code: 'VPCIdNotSpecified',
      message:
        'No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.',
    });
    const group = { GroupName: 'web', Description: 'web' };
    await expect(call('CreateSecurityGroup', group)).rejects.toMatchObject({
      code: 'VPCIdNotSpecified',
      message: 'No default VPC for this user',
    });
    await expect(
      call('CreateDefaultSubnet', { AvailabilityZone: 'us-east-1a' }),
    ).rejects.toMatchObject({ code: 'DefaultVpcDoesNotExist' });
    const { AccountAttributes } = await call('DescribeAccountAttributes', {
      AttributeNames: ['default-vpc'],
    });
    expect(AccountAttributes?.[0]?.AttributeValues).toEqual([{ AttributeValue: 'none' }]);

    const { Vpc } = await call('CreateDefaultVpc', {});
    expect(Vpc).toMatchObject({ IsDefault: true, CidrBlock: '172.31.0.0/16' });
    const { Subnets } = await call('DescribeSubnets', inVpc(Vpc?.VpcId ?? ''));
    expect(Subnets?.map(({ DefaultForAz }) => DefaultForAz)).toEqual(new Array(6).fill(true));
    const { Instances } = await call('RunInstances', launch);
    await context.settle();
    const InstanceIds = [Instances?.[0]?.InstanceId ?? ''];
    const { Reservations } = await call('DescribeInstances', { InstanceIds });
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
      VpcId: Vpc?.VpcId,
      PublicIpAddress: expect.any(String),
    });
  });

  test('exists once', async () => {
    const { call } = await testContext();
    await expect(call('CreateDefaultVpc', {})).rejects.toMatchObject({
      code: 'DefaultVpcAlreadyExists',
      message: 'A Default VPC already exists for this account in this region.',
    });
  });
});

describe('ranges of a VPC', () => {
  const associate = ({ call }: TestContext, VpcId: string, CidrBlock: string) =>
    call('AssociateVpcCidrBlock', { VpcId, CidrBlock });

  test('a further range has subnets and a local route, until it is taken away', async () => {
    const context = await testContext();
    const { call } = context;
    const VpcId = await makeVpc(context);
    const { CidrBlockAssociation } = await associate(context, VpcId, '100.64.0.0/16');
    const AssociationId = CidrBlockAssociation?.AssociationId ?? '';
    const cidrs = (await describeVpc(context, VpcId))?.CidrBlockAssociationSet;
    expect(cidrs?.map(({ CidrBlock }) => CidrBlock)).toEqual(['10.0.0.0/16', '100.64.0.0/16']);
    const { RouteTables } = await call('DescribeRouteTables', inVpc(VpcId));
    const local = RouteTables?.[0]?.Routes?.map((route) => route.DestinationCidrBlock);
    expect(local).toEqual(['10.0.0.0/16', '100.64.0.0/16']);
    const SubnetId = await makeSubnet(context, VpcId, '100.64.5.0/24');
    await expect(call('DisassociateVpcCidrBlock', { AssociationId })).rejects.toMatchObject({
      code: 'InvalidCidrBlock.InUse',
    });
    await call('DeleteSubnet', { SubnetId });
    await call('DisassociateVpcCidrBlock', { AssociationId });
    expect((await describeVpc(context, VpcId))?.CidrBlockAssociationSet).toHaveLength(1);
  });

  test.each([
    ['10.0.128.0/17', /conflicts with the CIDR '10.0.0.0\/16'/],
    ['192.168.0.0/16', /is restricted/],
    ['10.0.0.0/12', /is invalid/],
    ['10.9.0.0/16', /conflicts with the route to 10.9.1.0\/24/],
  ])('%s is refused', async (cidr, message) => {
    const context = await testContext();
    const VpcId = await makeVpc(context);
    const GatewayId = await makeGateway(context, VpcId);
    const { RouteTables } = await context.call('DescribeRouteTables', inVpc(VpcId));
    const RouteTableId = RouteTables?.[0]?.RouteTableId ?? '';
    const route = { RouteTableId, GatewayId, DestinationCidrBlock: '10.9.1.0/24' };
    await context.call('CreateRoute', route);
    await expect(associate(context, VpcId, cidr)).rejects.toMatchObject({
      code: 'InvalidVpc.Range',
      message: expect.stringMatching(message),
    });
  });

  test('the primary range stays, and others end by their own id', async () => {
    const context = await testContext();
    const vpc = await describeVpc(context, await makeVpc(context));
    const AssociationId = vpc?.CidrBlockAssociationSet?.[0]?.AssociationId ?? '';
    const end = (id: string) => context.call('DisassociateVpcCidrBlock', { AssociationId: id });
    await expect(end(AssociationId)).rejects.toMatchObject({ code: 'OperationNotPermitted' });
    await expect(end('vpc-cidr-assoc-0000000000000000f')).rejects.toMatchObject({
      code: 'InvalidVpcCidrBlockAssociationID.NotFound',
    });
  });

  test('there are at most 50', async () => {
    const context = await testContext();
    const VpcId = await makeVpc(context);
    for (let index = 1; index < 50; index += 1) {
      await associate(context, VpcId, `10.${index}.0.0/16`);
    }
    await expect(associate(context, VpcId, '10.50.0.0/16')).rejects.toMatchObject({
      code: 'CidrLimitExceeded',
      message: `This network '${VpcId}' has met its maximum number of allowed CIDRs: 50`,
    });
  });
});

describe('ModifyVpcAttribute', () => {
  const attribute = async ({ call }: TestContext, VpcId: string, Attribute: 'enableDnsSupport') =>
    (await call('DescribeVpcAttribute', { VpcId, Attribute })).EnableDnsSupport?.Value;

  test('changes one attribute at a time', async () => {
    const context = await testContext();
    const VpcId = await makeVpc(context);
    expect(await attribute(context, VpcId, 'enableDnsSupport')).toBe(true);
    await context.call('ModifyVpcAttribute', { VpcId, EnableDnsSupport: { Value: false } });
    expect(await attribute(context, VpcId, 'enableDnsSupport')).toBe(false);
    const hostnames = { VpcId, EnableDnsHostnames: { Value: true } };
    await expect(context.call('ModifyVpcAttribute', hostnames)).rejects.toMatchObject({
      code: 'InvalidParameterCombination',
    });
    const both = { ...hostnames, EnableDnsSupport: { Value: true } };
    await expect(context.call('ModifyVpcAttribute', both)).rejects.toMatchObject({
      code: 'InvalidParameterCombination',
    });
    await context.call('ModifyVpcAttribute', { VpcId, EnableDnsSupport: { Value: true } });
    await context.call('ModifyVpcAttribute', hostnames);
    const shown = await context.call('DescribeVpcAttribute', {
      VpcId,
      Attribute: 'enableDnsHostnames',
    });
    expect(shown).toEqual({ VpcId, EnableDnsHostnames: { Value: true } });
  });

  test('usage metrics can only stay off', async () => {
    const context = await testContext();
    const VpcId = await makeVpc(context);
    const change = (Value: boolean) =>
      context.call('ModifyVpcAttribute', { VpcId, EnableNetworkAddressUsageMetrics: { Value } });
    await change(false);
    await expect(change(true)).rejects.toMatchObject({ code: 'UnsupportedOperation' });
  });
});

test('the only tenancy is the one that every VPC has', async () => {
  const context = await testContext();
  const VpcId = await makeVpc(context);
  const request = { VpcId, InstanceTenancy: 'default' as const };
  expect(await context.call('ModifyVpcTenancy', request)).toEqual({ ReturnValue: true });
});
