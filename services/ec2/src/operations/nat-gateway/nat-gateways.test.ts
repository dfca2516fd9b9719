import { hourMs } from '@bakehouse/base';
import type { NatGateway, NatGatewayId } from '@bakehouse/domain';
import { aNatGateway } from '@bakehouse/testkit';
import { describe, expect, test } from 'vitest';
import { type TestContext, testContext } from '../../testing/test-context.ts';

async function withAddress() {
  const context = await testContext();
  const { Subnets: [subnet] = [] } = await context.call('DescribeSubnets', {});
  const { AllocationId = '', PublicIp = '' } = await context.call('AllocateAddress', {});
  const create = async (request: object = {}) => {
    const { NatGateway } = await context.call('CreateNatGateway', {
      SubnetId: subnet?.SubnetId,
      AllocationId,
      ...request,
    });
    return NatGateway;
  };
  return { ...context, subnet, AllocationId, PublicIp, create };
}

async function described({ call }: Pick<TestContext, 'call'>, id: string | undefined) {
  const { NatGateways: [gateway] = [] } = await call('DescribeNatGateways', {
    NatGatewayIds: [id ?? ''],
  });
  return gateway;
}

describe('a NAT gateway', () => {
  test('has an interface of its own with the address, and is available soon', async () => {
    const context = await withAddress();
    const { call, create, settle, subnet, AllocationId, PublicIp } = context;
    const made = await create({
      TagSpecifications: [{ ResourceType: 'natgateway', Tags: [{ Key: 'a', Value: 'b' }] }],
    });
    expect(made).toMatchObject({
      State: 'pending',
      ConnectivityType: 'public',
      VpcId: subnet?.VpcId,
      NatGatewayAddresses: [{ AllocationId, PublicIp, IsPrimary: true, Status: 'associating' }],
      Tags: [{ Key: 'a', Value: 'b' }],
    });
    await settle();
    const gateway = await described(context, made?.NatGatewayId);
    expect(gateway).toMatchObject({ State: 'available' });
    const [address] = gateway?.NatGatewayAddresses ?? [];
    const nicId = address?.NetworkInterfaceId ?? '';
    const { NetworkInterfaces } = await call('DescribeNetworkInterfaces', {
      Filters: [{ Name: 'interface-type', Values: ['nat_gateway'] }],
    });
    expect(NetworkInterfaces).toMatchObject([
      {
        NetworkInterfaceId: nicId,
        Description: `Interface for NAT Gateway ${made?.NatGatewayId}`,
        Status: 'in-use',
        RequesterManaged: true,
        SourceDestCheck: false,
        PrivateIpAddress: address?.PrivateIp,
        Association: { AllocationId, PublicIp },
      },
    ]);
  });

  test('that is deleted gives its address back, is shown for an hour, and then forgotten', async () => {
    const context = await withAddress();
    const { call, create, settle, clock, plane, AllocationId, read } = context;
    const id = (await create())?.NatGatewayId ?? '';
    await settle();
    expect(await call('DeleteNatGateway', { NatGatewayId: id })).toEqual({ NatGatewayId: id });
    expect(await described(context, id)).toMatchObject({ State: 'deleting' });
    await settle();
    const gone = await described(context, id);
    expect(gone).toMatchObject({ State: 'deleted', DeleteTime: expect.any(Date) });
    await call('DeleteNatGateway', { NatGatewayId: id });
    expect((await call('DescribeNetworkInterfaces', {})).NetworkInterfaces).toEqual([]);
    await call('ReleaseAddress', { AllocationId });
    const isKept = () => read(async (tx) => (await tx.get('natGateway', id)) !== undefined);
    await clock.advance(hourMs / 2);
    expect(await isKept()).toBe(true);
    await clock.advance(hourMs);
    expect(await isKept()).toBe(false);
    await plane.stop();
  });

  test('with private connectivity has a private address only, which may be chosen', async () => {
    const { create, settle, subnet } = await withAddress();
    const PrivateIpAddress = `${subnet?.CidrBlock?.split('.').slice(0, 3).join('.')}.77`;
    const gateway = await create({
      AllocationId: undefined,
      ConnectivityType: 'private',
      PrivateIpAddress,
    });
    await settle();
    expect(gateway?.NatGatewayAddresses).toMatchObject([{ PrivateIp: PrivateIpAddress }]);
    expect(gateway?.NatGatewayAddresses?.[0]).not.toHaveProperty('PublicIp');
  });

  test('in a VPC without a gateway to the outside fails, and says why', async () => {
    const context = await withAddress();
    const { create, settle, metadata, call, AllocationId } = context;
    await metadata.write(async (tx) => {
      for (const { id } of await tx.list('internetGateway')) await tx.delete('internetGateway', id);
    });
    const made = await create();
    await settle();
    expect(await described(context, made?.NatGatewayId)).toMatchObject({
      State: 'failed',
      FailureCode: 'Gateway.NotAttached',
      FailureMessage: `Network ${made?.VpcId} has no Internet gateway attached`,
    });
    await call('ReleaseAddress', { AllocationId });
  });

  test('is one of at most 100 in a zone, without deleted and failed ones', async () => {
    const { call, create, metadata } = await withAddress();
    const { Subnets: [first, second] = [] } = await call('DescribeSubnets', {});
    await metadata.write(async (tx) => {
      const put = async (count: number, state: NatGateway['state'], SubnetId = '') => {
        const subnet = await tx.get('subnet', SubnetId);
        if (!subnet) throw new Error('the subnet is missing');
        const { id: subnetId, ownerId, region } = subnet;
        for (let index = 0; index < count; index += 1) {
          const id = `nat-${state}-${subnetId}-${index}` as const;
          await tx.put('natGateway', aNatGateway({ id, subnetId, ownerId, region, state }));
        }
      };
      await put(98, 'available', first?.SubnetId);
      await put(1, 'deleting', first?.SubnetId);
      await put(1, 'deleted', first?.SubnetId);
      await put(1, 'failed', first?.SubnetId);
      await put(1, 'available', second?.SubnetId);
    });
    const another = () => create({ AllocationId: undefined, ConnectivityType: 'private' });
    await another();
    await expect(another()).rejects.toMatchObject({ code: 'NatGatewayLimitExceeded' });
  });

  test('is made once for one client token', async () => {
    const { create, call } = await withAddress();
    const first = await create({ ClientToken: 'once' });
    expect((await create({ ClientToken: 'once' }))?.NatGatewayId).toBe(first?.NatGatewayId);
    expect((await call('DescribeNatGateways', {})).NatGateways).toHaveLength(1);
  });

  test('holds its address and its interface against users', async () => {
    const { create, settle, callUntyped, AllocationId } = await withAddress();
    const [address] = (await create())?.NatGatewayAddresses ?? [];
    await settle();
    const NetworkInterfaceId = address?.NetworkInterfaceId ?? '';
    const { AssociationId } = address ?? {};
    const refusals = [
      ['ReleaseAddress', { AllocationId }, 'AuthFailure'],
      ['DisassociateAddress', { AssociationId }, 'AuthFailure'],
      ['DeleteNetworkInterface', { NetworkInterfaceId }, 'InvalidParameterValue'],
      [
        'AssignPrivateIpAddresses',
        { NetworkInterfaceId, SecondaryPrivateIpAddressCount: 1 },
        'AuthFailure',
      ],
      [
        'ModifyNetworkInterfaceAttribute',
        { NetworkInterfaceId, SourceDestCheck: { Value: true } },
        'AuthFailure',
      ],
    ] as const;
    for (const [name, request, code] of refusals) {
      await expect(callUntyped(name, request)).rejects.toMatchObject({ code });
    }
  });

  test.each([
    [{ SubnetId: undefined }, 'MissingParameter'],
    [{ SubnetId: 'subnet-0000000000000000f' }, 'InvalidSubnetID.NotFound'],
    [{ AllocationId: undefined }, 'MissingParameter'],
    [{ AllocationId: 'eipalloc-0000000000000000f' }, 'InvalidElasticIpID.NotFound'],
    [{ ConnectivityType: 'private' }, 'InvalidParameterCombination'],
    [{ PrivateIpAddress: '10.9.9.9' }, 'InvalidParameterValue'],
    [{ SecondaryPrivateIpAddressCount: 1 }, 'UnsupportedOperation'],
    [{ AvailabilityMode: 'regional' }, 'UnsupportedOperation'],
  ])('of %j is refused with %s', async (request, code) => {
    const { create, call } = await withAddress();
    await expect(create(request)).rejects.toMatchObject({ code });
    expect((await call('DescribeNatGateways', {})).NatGateways).toEqual([]);
  });

  test.each([
    ['nat-x', 'NatGatewayMalformed'],
    ['nat-0000000000000000f' as NatGatewayId, 'NatGatewayNotFound'],
  ])('%s is refused with %s', async (NatGatewayId, code) => {
    const { call } = await testContext();
    await expect(call('DeleteNatGateway', { NatGatewayId })).rejects.toMatchObject({ code });
  });

  test('is found by its filters', async () => {
    const { create, settle, call, subnet } = await withAddress();
    const id = (await create())?.NatGatewayId ?? '';
    await settle();
    const found = async (Name: string, value: string) =>
      (await call('DescribeNatGateways', { Filter: [{ Name, Values: [value] }] })).NatGateways
        ?.length;
    for (const [name, value] of [
      ['nat-gateway-id', id],
      ['state', 'available'],
      ['subnet-id', subnet?.SubnetId ?? ''],
      ['vpc-id', subnet?.VpcId ?? ''],
    ] as const) {
      expect([name, await found(name, value)]).toEqual([name, 1]);
      expect([name, await found(name, 'another')]).toEqual([name, 0]);
    }
  });
});
