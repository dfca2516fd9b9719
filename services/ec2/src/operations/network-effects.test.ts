import { describe, expect, test } from 'vitest';
import { launched } from '../testing/launched.ts';
import {
  launchIn,
  makeGateway,
  makeNetwork,
  makeRouteTable,
  makeSubnet,
} from '../testing/network-fixtures.ts';
import { type TestContext, testContext } from '../testing/test-context.ts';

const outside = '203.0.113.7';

/** A VPC with a gateway, a route to it, and an instance with a public address that anybody may reach by ssh. */
async function made() {
  const context = await testContext();
  const { call } = context;
  const { VpcId, SubnetId } = await makeNetwork(context);
  const gatewayId = await makeGateway(context, VpcId);
  await call('ModifySubnetAttribute', { SubnetId, MapPublicIpOnLaunch: { Value: true } });
  const { SecurityGroups } = await call('DescribeSecurityGroups', {
    Filters: [{ Name: 'vpc-id', Values: [VpcId] }],
  });
  const GroupId = SecurityGroups?.[0]?.GroupId ?? '';
  const ssh = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' };
  await call('AuthorizeSecurityGroupIngress', { GroupId, ...ssh });
  const RouteTableId = await makeRouteTable(context, VpcId);
  const { AssociationId = '' } = await call('AssociateRouteTable', { RouteTableId, SubnetId });
  await call('CreateRoute', {
    RouteTableId,
    DestinationCidrBlock: '0.0.0.0/0',
    GatewayId: gatewayId,
  });
  const guest = await addressesOf(context, await launchIn(context, SubnetId));
  const { network } = context.drivers;
  const isReached = () =>
    network.allows({ fromIp: outside, toIp: guest.publicIp, protocol: 'tcp', port: 22 });
  const getsOut = () =>
    network.allows({ fromIp: guest.privateIp, toIp: outside, protocol: 'tcp', port: 443 });
  return {
    ...context,
    context,
    VpcId,
    SubnetId,
    RouteTableId,
    AssociationId,
    guest,
    isReached,
    getsOut,
  };
}

async function addressesOf({ call }: TestContext, InstanceId: string) {
  const { Reservations } = await call('DescribeInstances', { InstanceIds: [InstanceId] });
  const instance = Reservations?.[0]?.Instances?.[0];
  return {
    InstanceId,
    privateIp: instance?.PrivateIpAddress ?? '',
    publicIp: instance?.PublicIpAddress ?? '',
  };
}

describe('a change is in force when the reply comes', () => {
  test('routes: deleted, replaced by a table without them, and associated again', async () => {
    const { call, RouteTableId, SubnetId, AssociationId, isReached, getsOut } = await made();
    expect([isReached(), getsOut()]).toEqual([true, true]);
    await call('DisassociateRouteTable', { AssociationId });
    expect([isReached(), getsOut()]).toEqual([false, false]);
    await call('AssociateRouteTable', { RouteTableId, SubnetId });
    expect([isReached(), getsOut()]).toEqual([true, true]);
    await call('DeleteRoute', { RouteTableId, DestinationCidrBlock: '0.0.0.0/0' });
    expect([isReached(), getsOut()]).toEqual([false, false]);
  });

  test('the main table routes the subnets without one of their own', async () => {
    const { call, VpcId, RouteTableId, AssociationId, isReached } = await made();
    await call('DisassociateRouteTable', { AssociationId });
    expect(isReached()).toBe(false);
    const Filters = [
      { Name: 'vpc-id', Values: [VpcId] },
      { Name: 'association.main', Values: ['true'] },
    ];
    const { RouteTables } = await call('DescribeRouteTables', { Filters });
    await call('ReplaceRouteTableAssociation', {
      AssociationId: RouteTables?.[0]?.Associations?.[0]?.RouteTableAssociationId ?? '',
      RouteTableId,
    });
    expect(isReached()).toBe(true);
  });

  test('network ACLs: entries, and the association of the subnet', async () => {
    const { call, VpcId, SubnetId, isReached } = await made();
    const Filters = [{ Name: 'association.subnet-id', Values: [SubnetId] }];
    const { NetworkAcls } = await call('DescribeNetworkAcls', { Filters });
    const [open] = NetworkAcls ?? [];
    const { NetworkAcl } = await call('CreateNetworkAcl', { VpcId });
    const NetworkAclId = NetworkAcl?.NetworkAclId ?? '';
    const { NewAssociationId = '' } = await call('ReplaceNetworkAclAssociation', {
      AssociationId: open?.Associations?.[0]?.NetworkAclAssociationId ?? '',
      NetworkAclId,
    });
    expect(isReached()).toBe(false);
    const entry = {
      NetworkAclId,
      Protocol: '6',
      RuleAction: 'allow',
      CidrBlock: '0.0.0.0/0',
    } as const;
    const ssh = { RuleNumber: 10, Egress: false, PortRange: { From: 22, To: 22 } };
    await call('CreateNetworkAclEntry', { ...entry, ...ssh });
    expect(isReached()).toBe(false);
    const replies = { RuleNumber: 10, Egress: true, PortRange: { From: 1024, To: 65_535 } };
    await call('CreateNetworkAclEntry', { ...entry, ...replies });
    expect(isReached()).toBe(true);
    await call('ReplaceNetworkAclEntry', { ...entry, ...ssh, RuleAction: 'deny' });
    expect(isReached()).toBe(false);
    await call('DeleteNetworkAclEntry', { NetworkAclId, RuleNumber: 10, Egress: false });
    await call('ReplaceNetworkAclAssociation', {
      AssociationId: NewAssociationId,
      NetworkAclId: open?.NetworkAclId ?? '',
    });
    expect(isReached()).toBe(true);
  });

  test('DNS support and DHCP options of the VPC', async () => {
    const { call, VpcId, drivers } = await made();
    const vpc = () => drivers.network.policy.vpcs.find((each) => each.vpcId === VpcId);
    expect(vpc()).toMatchObject({ dnsSupport: true, dhcp: { domainName: 'ec2.internal' } });
    await call('ModifyVpcAttribute', { VpcId, EnableDnsSupport: { Value: false } });
    expect(vpc()?.dnsSupport).toBe(false);
    const DhcpConfigurations = [{ Key: 'domain-name-servers', Values: ['10.0.0.53'] }];
    const { DhcpOptions } = await call('CreateDhcpOptions', { DhcpConfigurations });
    const DhcpOptionsId = DhcpOptions?.DhcpOptionsId ?? '';
    await call('AssociateDhcpOptions', { VpcId, DhcpOptionsId });
    expect(vpc()?.dhcp).toEqual({ domainNameServers: ['10.0.0.53'] });
    await call('AssociateDhcpOptions', { VpcId, DhcpOptionsId: 'default' });
    expect(vpc()?.dhcp).toEqual({ domainNameServers: [] });
  });

  test('ranges and subnets of the VPC', async () => {
    const { call, context, VpcId, drivers } = await made();
    const vpc = () => drivers.network.policy.vpcs.find((each) => each.vpcId === VpcId);
    const { CidrBlockAssociation } = await call('AssociateVpcCidrBlock', {
      VpcId,
      CidrBlock: '100.64.0.0/16',
    });
    const SubnetId = await makeSubnet(context, VpcId, '100.64.1.0/24');
    expect(vpc()?.cidrs).toEqual(['10.0.0.0/16', '100.64.0.0/16']);
    expect(
      vpc()
        ?.subnets.map(({ cidr }) => cidr)
        .sort(),
    ).toEqual(['10.0.1.0/24', '100.64.1.0/24']);
    await call('DeleteSubnet', { SubnetId });
    const AssociationId = CidrBlockAssociation?.AssociationId ?? '';
    await call('DisassociateVpcCidrBlock', { AssociationId });
    expect(vpc()).toMatchObject({ cidrs: ['10.0.0.0/16'], subnets: [{ cidr: '10.0.1.0/24' }] });
  });
});

test('guests read the ranges of their VPC', async () => {
  const { call, VpcId, guest, drivers } = await made();
  const ranges = () =>
    drivers.publisher.read(guest.InstanceId as `i-${string}`)?.interfaces?.[0]?.vpcCidrs;
  const { CidrBlockAssociation } = await call('AssociateVpcCidrBlock', {
    VpcId,
    CidrBlock: '100.64.0.0/16',
  });
  expect(ranges()).toEqual(['10.0.0.0/16', '100.64.0.0/16']);
  const AssociationId = CidrBlockAssociation?.AssociationId ?? '';
  await call('DisassociateVpcCidrBlock', { AssociationId });
  expect(ranges()).toEqual(['10.0.0.0/16']);
});

test('running guests read and show their public name, or none, as the VPC has it, when the call returns', async () => {
  const { call, instanceId, instance, drivers } = await launched();
  const { vpcId: VpcId } = await instance();
  const names = async () => {
    const { Reservations } = await call('DescribeInstances', {});
    const shown = Reservations?.[0]?.Instances?.[0]?.PublicDnsName;
    const { publicHostName, interfaces } = drivers.publisher.read(instanceId) ?? {};
    return [shown, publicHostName, interfaces?.[0]?.publicHostName];
  };
  const before = await names();
  expect(before).not.toContain(undefined);
  await call('ModifyVpcAttribute', { VpcId, EnableDnsHostnames: { Value: false } });
  expect(await names()).toEqual(['', undefined, undefined]);
  await call('ModifyVpcAttribute', { VpcId, EnableDnsHostnames: { Value: true } });
  expect(await names()).toEqual(before);
});

test('a route to an instance is a black hole when the instance is gone', async () => {
  const { call, context, SubnetId, RouteTableId, VpcId, drivers } = await made();
  const InstanceId = await launchIn(context, SubnetId);
  await call('CreateRoute', { RouteTableId, DestinationCidrBlock: '192.0.2.0/24', InstanceId });
  const target = () => {
    const vpc = drivers.network.policy.vpcs.find((each) => each.vpcId === VpcId);
    const routes = vpc?.subnets[0]?.routes ?? [];
    return routes.find(({ destination }) => destination === '192.0.2.0/24')?.target.kind;
  };
  expect(target()).toBe('interface');
  await call('TerminateInstances', { InstanceIds: [InstanceId] });
  await context.settle();
  expect(target()).toBe('blackhole');
});

test('guests of two VPCs with one range do not meet', async () => {
  const { context, VpcId, guest, drivers } = await made();
  const there = await makeNetwork(context);
  const other = await addressesOf(context, await launchIn(context, there.SubnetId));
  const second = await addressesOf(context, await launchIn(context, there.SubnetId));
  const { network } = drivers;
  const ssh = { protocol: 'tcp', port: 22, toIp: other.privateIp, vpcId: there.VpcId };
  expect(network.allows({ ...ssh, fromIp: second.privateIp })).toBe(true);
  expect(network.allows({ ...ssh, fromIp: guest.privateIp })).toBe(false);
  expect(there.VpcId).not.toBe(VpcId);
});
