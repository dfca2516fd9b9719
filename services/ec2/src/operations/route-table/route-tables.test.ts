import { aNatGateway, aPrefixList } from '@bakehouse/testkit';
import { describe, expect, test } from 'vitest';
import {
  launchIn,
  makeGateway,
  makeNetwork,
  makeRouteTable,
  makeSubnet,
  makeVpc,
} from '../../testing/network-fixtures.ts';
import { type TestContext, testContext } from '../../testing/test-context.ts';

async function made() {
  const context = await testContext();
  const network = await makeNetwork(context);
  const GatewayId = await makeGateway(context, network.VpcId);
  const RouteTableId = await makeRouteTable(context, network.VpcId);
  return { ...context, context, ...network, GatewayId, RouteTableId };
}

async function shown({ call }: Pick<TestContext, 'call'>, RouteTableId: string) {
  const { RouteTables } = await call('DescribeRouteTables', { RouteTableIds: [RouteTableId] });
  return RouteTables?.[0];
}

describe('routes', () => {
  test('are added, replaced and deleted', async () => {
    const { call, context, GatewayId, RouteTableId, SubnetId } = await made();
    const DestinationCidrBlock = '0.0.0.0/0';
    const create = { RouteTableId, DestinationCidrBlock, GatewayId };
    expect(await call('CreateRoute', create)).toEqual({ Return: true });
    await call('CreateRoute', create);
    const local = {
      DestinationCidrBlock: '10.0.0.0/16',
      GatewayId: 'local',
      Origin: 'CreateRouteTable',
      State: 'active',
    };
    const route = { DestinationCidrBlock, Origin: 'CreateRoute', State: 'active' };
    expect((await shown(context, RouteTableId))?.Routes).toEqual([local, { ...route, GatewayId }]);
    const InstanceId = await launchIn(context, SubnetId);
    await call('ReplaceRoute', { RouteTableId, DestinationCidrBlock, InstanceId });
    expect((await shown(context, RouteTableId))?.Routes?.[1]).toMatchObject({
      ...route,
      InstanceId,
      InstanceOwnerId: '123456789012',
      NetworkInterfaceId: expect.stringMatching(/^eni-/),
    });
    await call('DeleteRoute', { RouteTableId, DestinationCidrBlock });
    expect((await shown(context, RouteTableId))?.Routes).toEqual([local]);
  });

  test('become black holes when their target is gone, and active with it again', async () => {
    const { call, context, GatewayId, RouteTableId, VpcId, SubnetId } = await made();
    const states = async () =>
      (await shown(context, RouteTableId))?.Routes?.slice(1).map(({ State }) => State);
    await call('CreateRoute', { RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId });
    const gateway = { InternetGatewayId: GatewayId, VpcId };
    await call('DetachInternetGateway', gateway);
    expect(await states()).toEqual(['blackhole']);
    const Filters = [{ Name: 'route.state', Values: ['blackhole'] }];
    expect((await call('DescribeRouteTables', { Filters })).RouteTables).toHaveLength(1);
    await call('AttachInternetGateway', gateway);
    expect(await states()).toEqual(['active']);
    const InstanceId = await launchIn(context, SubnetId);
    await call('CreateRoute', { RouteTableId, DestinationCidrBlock: '192.0.2.0/24', InstanceId });
    expect(await states()).toEqual(['active', 'active']);
    await call('TerminateInstances', { InstanceIds: [InstanceId] });
    await context.settle();
    expect(await states()).toEqual(['active', 'blackhole']);
  });

  test('a NAT gateway is a target while it works', async () => {
    const { call, context, RouteTableId, VpcId } = await made();
    const NatGatewayId = 'nat-0123456789abcdef0';
    const put = async (state: 'available' | 'deleted', vpcId: string) => {
      const { write } = await context.operationContext();
      const id = NatGatewayId;
      const gateway = aNatGateway({ id, state, vpcId: vpcId as `vpc-${string}` });
      await write((tx) => tx.put('natGateway', gateway));
    };
    const create = () =>
      call('CreateRoute', { RouteTableId, DestinationCidrBlock: '0.0.0.0/0', NatGatewayId });
    await expect(create()).rejects.toMatchObject({ code: 'InvalidNatGatewayID.NotFound' });
    await put('available', 'vpc-0123456789abcdef0');
    await expect(create()).rejects.toMatchObject({ code: 'InvalidParameterValue' });
    await put('available', VpcId);
    await create();
    expect((await shown(context, RouteTableId))?.Routes?.[1]).toMatchObject({
      NatGatewayId,
      State: 'active',
    });
    await put('deleted', VpcId);
    expect((await shown(context, RouteTableId))?.Routes?.[1]?.State).toBe('blackhole');
  });

  test('a prefix list is a destination', async () => {
    const { call, context, GatewayId, RouteTableId } = await made();
    const DestinationPrefixListId = 'pl-0123456789abcdef0';
    const create = () => call('CreateRoute', { RouteTableId, DestinationPrefixListId, GatewayId });
    await expect(create()).rejects.toMatchObject({ code: 'InvalidPrefixListID.NotFound' });
    const { write } = await context.operationContext();
    await write((tx) => tx.put('prefixList', aPrefixList({ id: DestinationPrefixListId })));
    await create();
    expect((await shown(context, RouteTableId))?.Routes?.[1]).toMatchObject({
      DestinationPrefixListId,
      State: 'active',
    });
  });

  test('an IPv6 prefix list is none; a route to one from before can be deleted', async () => {
    const { call, context, GatewayId, RouteTableId } = await made();
    const DestinationPrefixListId = 'pl-0123456789abcdef0';
    const addressFamily = 'IPv6';
    const { write } = await context.operationContext();
    const list = aPrefixList({ id: DestinationPrefixListId, addressFamily, entries: [] });
    await write((tx) => tx.put('prefixList', list));
    const route = { RouteTableId, DestinationPrefixListId };
    const refusal = { code: 'UnsupportedOperation', message: expect.stringContaining('IPv6') };
    for (const name of ['CreateRoute', 'ReplaceRoute'] as const) {
      await expect(call(name, { ...route, GatewayId })).rejects.toMatchObject(refusal);
    }
    await write(async (tx) => {
      const table = await tx.get('routeTable', RouteTableId as `rtb-${string}`);
      if (!table) throw new Error(`no ${RouteTableId}`);
      const target = { kind: 'internet-gateway', id: GatewayId as `igw-${string}` } as const;
      await tx.put('routeTable', {
        ...table,
        routes: [{ destination: DestinationPrefixListId, target }],
      });
    });
    await call('DeleteRoute', route);
    expect((await shown(context, RouteTableId))?.Routes).toHaveLength(1);
  });

  test('a prefix list counts with all that it may have against the routes of a table', async () => {
    const { call, context, GatewayId, RouteTableId } = await made();
    const { write } = await context.operationContext();
    const put = (id: `pl-${string}`, maxEntries: number) =>
      write((tx) => tx.put('prefixList', aPrefixList({ id, maxEntries })));
    await put('pl-0123456789abcdef0', 499);
    await put('pl-0123456789abcdef1', 2);
    const create = (destination: object) =>
      call('CreateRoute', { RouteTableId, GatewayId, ...destination });
    await create({ DestinationPrefixListId: 'pl-0123456789abcdef0' });
    const refusal = { code: 'RouteLimitExceeded' };
    const second = { DestinationPrefixListId: 'pl-0123456789abcdef1' };
    await expect(create(second)).rejects.toMatchObject(refusal);
    await create({ DestinationCidrBlock: '0.0.0.0/0' });
    const more = create({ DestinationCidrBlock: '192.0.2.0/24' });
    await expect(more).rejects.toMatchObject(refusal);
  });

  test.each([
    ['CreateRoute', { DestinationCidrBlock: '0.0.0.0/0' }, 'InvalidParameterCombination'],
    [
      'CreateRoute',
      { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-0000000000000000f' },
      'InvalidGatewayID.NotFound',
    ],
    [
      'CreateRoute',
      { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1', InstanceId: 'i-1' },
      'InvalidParameterCombination',
    ],
    [
      'CreateRoute',
      { DestinationCidrBlock: '0.0.0.0/0', InstanceId: 'i-0000000000000000f' },
      'InvalidInstanceID.NotFound',
    ],
    [
      'CreateRoute',
      { DestinationCidrBlock: '0.0.0.0/0', NetworkInterfaceId: 'eni-0000000000000000f' },
      'InvalidNetworkInterfaceID.NotFound',
    ],
    [
      'CreateRoute',
      { DestinationCidrBlock: '0.0.0.0/0', TransitGatewayId: 'tgw-1' },
      'UnsupportedOperation',
    ],
    ['CreateRoute', { DestinationIpv6CidrBlock: '::/0' }, 'UnsupportedOperation'],
    ['ReplaceRoute', { LocalTarget: true }, 'UnsupportedOperation'],
    ['DeleteRoute', { DestinationCidrBlock: '0.0.0.0/0' }, 'InvalidRoute.NotFound'],
    ['DeleteRoute', { DestinationCidrBlock: '10.0.0.0/16' }, 'InvalidParameterValue'],
    ['DeleteRoute', { DestinationCidrBlock: 'x' }, 'InvalidParameterValue'],
    ['DeleteRoute', {}, 'MissingParameter'],
  ] as const)('%s of %j is refused with %s', async (name, request, code) => {
    const { context, RouteTableId } = await made();
    await expect(context.callUntyped(name, { RouteTableId, ...request })).rejects.toMatchObject({
      code,
    });
  });

  test('EC2’s words for routes that exist, do not, or are local', async () => {
    const { call, context, GatewayId, RouteTableId, VpcId } = await made();
    const to = (DestinationCidrBlock: string) => ({
      RouteTableId,
      DestinationCidrBlock,
      GatewayId,
    });
    await call('CreateRoute', to('0.0.0.0/0'));
    const other = await makeGateway(context, await makeVpc(context));
    await expect(
      call('ReplaceRoute', { ...to('0.0.0.0/0'), GatewayId: other }),
    ).rejects.toMatchObject({
      message: `route table ${RouteTableId} and network gateway ${other} belong to different networks`,
    });
    await expect(call('ReplaceRoute', to('192.0.2.0/24'))).rejects.toMatchObject({
      message:
        "There is no route defined for '192.0.2.0/24' in the route table. Use CreateRoute instead.",
    });
    await expect(call('CreateRoute', to('10.0.1.0/24'))).rejects.toMatchObject({
      code: 'InvalidParameterValue',
      message: expect.stringContaining('equal to or more specific than one of this VPC'),
    });
    await call('DetachInternetGateway', { InternetGatewayId: GatewayId, VpcId });
    await call('AttachInternetGateway', {
      VpcId,
      InternetGatewayId: await makeGateway(context),
    });
    const InternetGateways = (await call('DescribeInternetGateways', {})).InternetGateways ?? [];
    const now = InternetGateways.find(({ Attachments = [] }) => Attachments[0]?.VpcId === VpcId);
    await expect(
      call('CreateRoute', { ...to('0.0.0.0/0'), GatewayId: now?.InternetGatewayId }),
    ).rejects.toMatchObject({
      code: 'RouteAlreadyExists',
      message: 'The route identified by 0.0.0.0/0 already exists.',
    });
  });
});

describe('associations', () => {
  test('a subnet has its own table, or its VPC’s main one', async () => {
    const { call, context, RouteTableId, SubnetId } = await made();
    const associations = async () => (await shown(context, RouteTableId))?.Associations;
    const associate = () => call('AssociateRouteTable', { RouteTableId, SubnetId });
    const { AssociationId = '', AssociationState } = await associate();
    expect(AssociationState).toEqual({ State: 'associated' });
    expect((await associate()).AssociationId).toBe(AssociationId);
    expect(await associations()).toEqual([
      {
        Main: false,
        RouteTableAssociationId: AssociationId,
        RouteTableId,
        SubnetId,
        AssociationState: { State: 'associated' },
      },
    ]);
    await call('DisassociateRouteTable', { AssociationId });
    expect(await associations()).toEqual([]);
    await expect(call('DisassociateRouteTable', { AssociationId })).rejects.toMatchObject({
      code: 'InvalidAssociationID.NotFound',
      message: `The association ID '${AssociationId}' does not exist`,
    });
  });

  test('another table conflicts, unless it replaces the association', async () => {
    const { call, context, RouteTableId, SubnetId, VpcId } = await made();
    const { AssociationId = '' } = await call('AssociateRouteTable', { RouteTableId, SubnetId });
    const other = await makeRouteTable(context, VpcId);
    await expect(
      call('AssociateRouteTable', { RouteTableId: other, SubnetId }),
    ).rejects.toMatchObject({
      code: 'Resource.AlreadyAssociated',
      message: `the specified association for route table ${other} conflicts with an existing association`,
    });
    const { NewAssociationId } = await call('ReplaceRouteTableAssociation', {
      AssociationId,
      RouteTableId: other,
    });
    expect(NewAssociationId).not.toBe(AssociationId);
    expect((await shown(context, other))?.Associations).toMatchObject([{ SubnetId }]);
    expect((await shown(context, RouteTableId))?.Associations).toEqual([]);
  });

  test('the main association can be replaced, not ended', async () => {
    const { call, context, RouteTableId, VpcId } = await made();
    const Filters = [
      { Name: 'vpc-id', Values: [VpcId] },
      { Name: 'association.main', Values: ['true'] },
    ];
    const { RouteTables } = await call('DescribeRouteTables', { Filters });
    const [main] = RouteTables ?? [];
    const AssociationId = main?.Associations?.[0]?.RouteTableAssociationId ?? '';
    await expect(call('DisassociateRouteTable', { AssociationId })).rejects.toMatchObject({
      code: 'InvalidParameterValue',
      message: `cannot disassociate the main route table association ${AssociationId}`,
    });
    await call('ReplaceRouteTableAssociation', { AssociationId, RouteTableId });
    expect((await shown(context, RouteTableId))?.Associations).toMatchObject([{ Main: true }]);
    await call('DeleteRouteTable', { RouteTableId: main?.RouteTableId ?? '' });
    const SubnetId = await makeSubnet(context, VpcId, '10.0.9.0/24');
    await call('DeleteSubnet', { SubnetId });
  });

  test('tables and subnets are of one network', async () => {
    const { call, context, RouteTableId, SubnetId } = await made();
    const foreign = await makeRouteTable(context, await makeVpc(context));
    await expect(
      call('AssociateRouteTable', { RouteTableId: foreign, SubnetId }),
    ).rejects.toMatchObject({
      message: `route table ${foreign} and subnet ${SubnetId} belong to different networks`,
    });
    const { AssociationId = '' } = await call('AssociateRouteTable', { RouteTableId, SubnetId });
    await expect(
      call('ReplaceRouteTableAssociation', { AssociationId, RouteTableId: foreign }),
    ).rejects.toMatchObject({ code: 'InvalidParameterValue' });
  });
});

test('a client token makes one table', async () => {
  const { call, VpcId } = await made();
  const create = () => call('CreateRouteTable', { VpcId, ClientToken: 'once' });
  expect((await create()).RouteTable?.RouteTableId).toBe((await create()).RouteTable?.RouteTableId);
});
