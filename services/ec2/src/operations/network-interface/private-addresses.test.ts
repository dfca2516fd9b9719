import { describe, expect, test } from 'vitest';
import { withSecondInterface } from '../../testing/second-interface.ts';

type Context = Awaited<ReturnType<typeof withSecondInterface>>;

/** Attached to the running instance, as its second interface. */
async function attached(): Promise<Context> {
  const context = await withSecondInterface();
  await context.attach();
  await context.settle();
  return context;
}

const addressesOf = async ({ shown }: Context) =>
  (await shown())?.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress);

/** An address of the subnet that nobody has been given. */
const inSubnet = async ({ call, subnetId }: Context, last: number) => {
  const { Subnets } = await call('DescribeSubnets', { SubnetIds: [subnetId] });
  const prefix = Subnets?.[0]?.CidrBlock?.split('.').slice(0, 3).join('.');
  return `${prefix}.${last}`;
};

describe('CreateNetworkInterface', () => {
  test('gives the addresses that were named, and as many others as were asked for', async () => {
    const context = await withSecondInterface();
    const { call, subnetId: SubnetId } = context;
    const [primary, secondary] = [await inSubnet(context, 201), await inSubnet(context, 202)];
    const { NetworkInterface: named } = await call('CreateNetworkInterface', {
      SubnetId,
      Description: 'mine',
      PrivateIpAddresses: [
        { PrivateIpAddress: secondary },
        { PrivateIpAddress: primary, Primary: true },
      ],
      TagSpecifications: [{ ResourceType: 'network-interface', Tags: [{ Key: 'a', Value: 'b' }] }],
    });
    expect(named).toMatchObject({
      Description: 'mine',
      Status: 'available',
      PrivateIpAddress: primary,
      PrivateIpAddresses: [
        { PrivateIpAddress: primary, Primary: true },
        { PrivateIpAddress: secondary, Primary: false },
      ],
      Groups: [{ GroupName: 'default' }],
      TagSet: [{ Key: 'a', Value: 'b' }],
    });
    const { NetworkInterface: counted } = await call('CreateNetworkInterface', {
      SubnetId,
      SecondaryPrivateIpAddressCount: 3,
    });
    const all = counted?.PrivateIpAddresses?.map((each) => each.PrivateIpAddress) ?? [];
    expect(new Set(all).size).toBe(4);
    const { Subnets } = await call('DescribeSubnets', { SubnetIds: [SubnetId] });
    expect(Subnets?.[0]?.AvailableIpAddressCount).toBe(4091 - 1 - 1 - 2 - 4);
  });

  test('makes one interface for one client token', async () => {
    const { call, subnetId: SubnetId } = await withSecondInterface();
    const make = () => call('CreateNetworkInterface', { SubnetId, ClientToken: 'once' });
    expect(await make()).toEqual(await make());
  });

  test.each([
    [{ SubnetId: 'subnet-0000000000000000f' }, 'InvalidSubnetID.NotFound'],
    [{ PrivateIpAddress: '10.9.9.9' }, 'InvalidParameterValue'],
    [{ Groups: ['sg-0000000000000000f'] }, 'InvalidGroup.NotFound'],
    [{ InterfaceType: 'efa' }, 'UnsupportedOperation'],
    [{ Ipv6AddressCount: 1 }, 'UnsupportedOperation'],
    [{ SecondaryPrivateIpAddressCount: 50 }, 'PrivateIpAddressLimitExceeded'],
    [
      {
        PrivateIpAddresses: [
          { PrivateIpAddress: '172.31.0.8', Primary: true },
          { PrivateIpAddress: '172.31.0.9', Primary: true },
        ],
      },
      'InvalidParameterCombination',
    ],
    [
      {
        PrivateIpAddresses: [
          { PrivateIpAddress: '172.31.0.8', Primary: true },
          { PrivateIpAddress: '172.31.0.9' },
        ],
        SecondaryPrivateIpAddressCount: 1,
      },
      'InvalidParameterCombination',
    ],
  ])('of %j is refused with %s', async (changes, code) => {
    const { callUntyped, subnetId: SubnetId } = await withSecondInterface();
    const make = callUntyped('CreateNetworkInterface', { SubnetId, ...changes });
    await expect(make).rejects.toMatchObject({ code });
  });

  test('refuses an address that is in use', async () => {
    const { call, subnetId: SubnetId, shown } = await withSecondInterface();
    const PrivateIpAddress = (await shown())?.PrivateIpAddress;
    const make = call('CreateNetworkInterface', { SubnetId, PrivateIpAddress });
    await expect(make).rejects.toMatchObject({ code: 'InvalidIPAddress.InUse' });
  });
});

describe('secondary private addresses', () => {
  test('are in the policy and in the metadata when the call returns, and gone when taken', async () => {
    const context = await attached();
    const { call, nicId: NetworkInterfaceId, drivers, instanceId } = context;
    const { AssignedPrivateIpAddresses: [assigned] = [] } = await call('AssignPrivateIpAddresses', {
      NetworkInterfaceId,
      SecondaryPrivateIpAddressCount: 1,
    });
    const address = assigned?.PrivateIpAddress ?? '';
    const inPolicy = () =>
      drivers.network.policy.nics
        .find(({ nicId }) => nicId === NetworkInterfaceId)
        ?.addresses.map(({ privateIp }) => privateIp);
    const read = () =>
      drivers.publisher.read(instanceId)?.interfaces?.[1]?.addresses.map((each) => each.privateIp);
    const [primary] = (await addressesOf(context)) ?? [];
    expect(await addressesOf(context)).toEqual([primary, address]);
    expect(inPolicy()).toEqual([primary, address]);
    expect(read()).toEqual([primary, address]);
    await call('UnassignPrivateIpAddresses', { NetworkInterfaceId, PrivateIpAddresses: [address] });
    expect(await addressesOf(context)).toEqual([primary]);
    expect(inPolicy()).toEqual([primary]);
    expect(read()).toEqual([primary]);
  });

  test('have Elastic IP addresses of their own, which move with them', async () => {
    const context = await attached();
    const { call, nicId, instance, drivers } = context;
    const { networkInterfaceId } = await instance();
    const address = await inSubnet(context, 210);
    const PrivateIpAddresses = [address];
    await call('AssignPrivateIpAddresses', { NetworkInterfaceId: nicId, PrivateIpAddresses });
    const { AllocationId = '', PublicIp } = await call('AllocateAddress', {});
    await call('AssociateAddress', {
      AllocationId,
      NetworkInterfaceId: nicId,
      PrivateIpAddress: address,
    });
    const publicOf = (id: string) =>
      drivers.network.policy.nics
        .find(({ nicId: each }) => each === id)
        ?.addresses.find(({ privateIp }) => privateIp === address)?.publicIp;
    expect(publicOf(nicId)).toBe(PublicIp);
    const move = { NetworkInterfaceId: networkInterfaceId, PrivateIpAddresses };
    await expect(call('AssignPrivateIpAddresses', move)).rejects.toMatchObject({
      code: 'InvalidParameterValue',
      message: `[${address}] assigned, but move is not allowed.`,
    });
    await call('AssignPrivateIpAddresses', { ...move, AllowReassignment: true });
    expect(publicOf(networkInterfaceId)).toBe(PublicIp);
    expect(publicOf(nicId)).toBeUndefined();
    await call('UnassignPrivateIpAddresses', move);
    const { Addresses } = await call('DescribeAddresses', { AllocationIds: [AllocationId] });
    expect(Addresses?.[0]).not.toHaveProperty('AssociationId');
  });

  test('what is not one is refused', async () => {
    const context = await attached();
    const { callUntyped, nicId: NetworkInterfaceId, shown } = context;
    const primary = (await shown())?.PrivateIpAddress;
    const refusals = [
      ['AssignPrivateIpAddresses', {}, 'MissingParameter'],
      [
        'AssignPrivateIpAddresses',
        { PrivateIpAddresses: ['172.31.0.8'], SecondaryPrivateIpAddressCount: 1 },
        'InvalidParameterCombination',
      ],
      ['AssignPrivateIpAddresses', { PrivateIpAddresses: ['10.9.9.9'] }, 'InvalidParameterValue'],
      [
        'AssignPrivateIpAddresses',
        { SecondaryPrivateIpAddressCount: 2 },
        'PrivateIpAddressLimitExceeded',
      ],
      ['UnassignPrivateIpAddresses', {}, 'MissingParameter'],
      ['UnassignPrivateIpAddresses', { PrivateIpAddresses: [primary] }, 'InvalidParameterValue'],
      [
        'UnassignPrivateIpAddresses',
        { PrivateIpAddresses: ['172.31.0.8'] },
        'InvalidParameterValue',
      ],
    ] as const;
    for (const [name, request, code] of refusals) {
      const reply = callUntyped(name, { NetworkInterfaceId, ...request });
      await expect(reply, `${name} ${JSON.stringify(request)}`).rejects.toMatchObject({ code });
    }
  });
});

test('the source/destination check is in force at once, and reset', async () => {
  const { call, nicId: NetworkInterfaceId, drivers } = await attached();
  const isChecked = () =>
    drivers.network.policy.nics.find(({ nicId }) => nicId === NetworkInterfaceId)?.sourceDestCheck;
  expect(isChecked()).toBe(true);
  const SourceDestCheck = { Value: false };
  await call('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId, SourceDestCheck });
  expect(isChecked()).toBe(false);
  await call('ResetNetworkInterfaceAttribute', { NetworkInterfaceId, SourceDestCheck: 'true' });
  expect(isChecked()).toBe(true);
});

test('a deleted interface gives back its Elastic IP address', async () => {
  const { call, nicId: NetworkInterfaceId } = await withSecondInterface();
  const { AllocationId } = await call('AllocateAddress', {});
  await call('AssociateAddress', { AllocationId, NetworkInterfaceId });
  await call('DeleteNetworkInterface', { NetworkInterfaceId });
  await call('ReleaseAddress', { AllocationId });
});
