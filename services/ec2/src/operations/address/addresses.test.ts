import { describe, expect, test } from 'vitest';
import type { LaunchedContext } from '../../testing/launched.ts';
import { launched } from '../../testing/launched.ts';
import { testContext } from '../../testing/test-context.ts';

type Caller = Pick<LaunchedContext, 'call'>;

async function allocate({ call }: Caller, request: object = {}) {
  const { AllocationId = '', PublicIp = '' } = await call('AllocateAddress', request);
  return { AllocationId, PublicIp };
}

async function publicIpOf({ call, instanceId }: LaunchedContext) {
  const { Reservations } = await call('DescribeInstances', { InstanceIds: [instanceId] });
  return Reservations?.[0]?.Instances?.[0]?.PublicIpAddress;
}

async function described({ call }: Caller, AllocationId: string) {
  const { Addresses: [address] = [] } = await call('DescribeAddresses', {
    AllocationIds: [AllocationId],
  });
  return address;
}

/** The public address that the network translates to the instance's interface. */
async function translated({ drivers, instance }: LaunchedContext) {
  const { networkInterfaceId } = await instance();
  const nic = drivers.network.policy.nics.find(({ nicId }) => nicId === networkInterfaceId);
  return nic?.addresses[0]?.publicIp;
}

describe('an Elastic IP address', () => {
  test('replaces the automatic one, in force and in the metadata when the call returns', async () => {
    const context = await launched();
    const { call, instanceId: InstanceId, drivers } = context;
    const automatic = await publicIpOf(context);
    const { AllocationId, PublicIp } = await allocate(context);
    expect(PublicIp).not.toBe(automatic);
    const { AssociationId } = await call('AssociateAddress', { AllocationId, InstanceId });
    expect(await publicIpOf(context)).toBe(PublicIp);
    expect(await translated(context)).toBe(PublicIp);
    expect(drivers.publisher.read(InstanceId)).toMatchObject({
      publicIp: PublicIp,
      publicHostName: PublicIp,
      interfaces: [{ addresses: [{ publicIp: PublicIp }] }],
    });
    const { networkInterfaceId } = await context.instance();
    expect(await described(context, AllocationId)).toMatchObject({
      AssociationId,
      InstanceId,
      NetworkInterfaceId: networkInterfaceId,
      Domain: 'vpc',
    });
    const { NetworkInterfaces } = await call('DescribeNetworkInterfaces', {
      Filters: [{ Name: 'association.allocation-id', Values: [AllocationId] }],
    });
    expect(NetworkInterfaces).toMatchObject([
      {
        Association: { AllocationId, AssociationId, PublicIp, IpOwnerId: context.scope.accountId },
      },
    ]);
  });

  test('stays over stop and start, where an automatic one is given up', async () => {
    const context = await launched();
    const { call, settle, instanceId: InstanceId } = context;
    const { AllocationId, PublicIp } = await allocate(context);
    await call('AssociateAddress', { AllocationId, InstanceId });
    await call('StopInstances', { InstanceIds: [InstanceId] });
    await settle();
    expect(await publicIpOf(context)).toBe(PublicIp);
    await call('StartInstances', { InstanceIds: [InstanceId] });
    await settle();
    expect(await publicIpOf(context)).toBe(PublicIp);
    expect(await translated(context)).toBe(PublicIp);
  });

  test('that is disassociated leaves the instance without one until its next start', async () => {
    const context = await launched();
    const { call, settle, instanceId: InstanceId } = context;
    const { AllocationId, PublicIp } = await allocate(context);
    const { AssociationId = '' } = await call('AssociateAddress', { AllocationId, InstanceId });
    await call('DisassociateAddress', { AssociationId });
    expect(await publicIpOf(context)).toBeUndefined();
    expect(await translated(context)).toBeUndefined();
    expect(await described(context, AllocationId)).not.toHaveProperty('InstanceId');
    await call('StopInstances', { InstanceIds: [InstanceId] });
    await settle();
    await call('StartInstances', { InstanceIds: [InstanceId] });
    await settle();
    expect(await publicIpOf(context)).toMatch(/^127\.18\./);
    expect(await publicIpOf(context)).not.toBe(PublicIp);
  });

  test('stays its account’s when the instance is terminated', async () => {
    const context = await launched();
    const { call, settle, instanceId: InstanceId } = context;
    const { AllocationId, PublicIp } = await allocate(context);
    await call('AssociateAddress', { AllocationId, InstanceId });
    await call('TerminateInstances', { InstanceIds: [InstanceId] });
    await settle();
    const address = await described(context, AllocationId);
    expect(address).toMatchObject({ PublicIp });
    expect(address).not.toHaveProperty('AssociationId');
    await call('ReleaseAddress', { AllocationId });
    expect((await call('DescribeAddresses', {})).Addresses).toEqual([]);
  });

  test('moves between instances, unless that is forbidden', async () => {
    const context = await launched();
    const { call, settle, instanceId: InstanceId, drivers } = context;
    const { imageId: ImageId } = await context.instance();
    const { Instances: [other] = [] } = await call('RunInstances', {
      ImageId,
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
    });
    await settle();
    const { AllocationId, PublicIp } = await allocate(context);
    const first = await call('AssociateAddress', { AllocationId, InstanceId });
    expect(await call('AssociateAddress', { AllocationId, InstanceId })).toEqual(first);
    const move = { AllocationId, InstanceId: other?.InstanceId ?? '' };
    await expect(
      call('AssociateAddress', { ...move, AllowReassociation: false }),
    ).rejects.toMatchObject({
      code: 'Resource.AlreadyAssociated',
      message: `resource ${AllocationId} is already associated with associate-id ${first.AssociationId}`,
    });
    await call('AssociateAddress', move);
    expect(await publicIpOf(context)).toBeUndefined();
    expect(drivers.publisher.read(move.InstanceId as `i-${string}`)?.publicIp).toBe(PublicIp);
    expect(drivers.publisher.read(InstanceId)?.publicIp).toBeUndefined();
    const second = await allocate(context);
    const taken = { AllocationId: second.AllocationId, InstanceId: move.InstanceId };
    await expect(
      call('AssociateAddress', { ...taken, AllowReassociation: false }),
    ).rejects.toMatchObject({
      code: 'Resource.AlreadyAssociated',
      message: expect.stringContaining(`is already associated with public address ${PublicIp}`),
    });
    await call('AssociateAddress', taken);
    expect(await described(context, AllocationId)).not.toHaveProperty('AssociationId');
  });

  test('is not given to anyone else while it is allocated', async () => {
    const context = await testContext();
    const { PublicIp } = await allocate(context);
    const again = context.call('AllocateAddress', { Address: PublicIp });
    await expect(again).rejects.toMatchObject({ code: 'InvalidAddress.NotFound' });
    await context.call('ReleaseAddress', { PublicIp });
    expect(await allocate(context, { Address: PublicIp })).toMatchObject({ PublicIp });
    const Tags = [{ Key: 'for', Value: 'web' }];
    const tagged = await allocate(context, {
      TagSpecifications: [{ ResourceType: 'elastic-ip', Tags }],
    });
    const Filters = [{ Name: 'tag:for', Values: ['web'] }];
    const { Addresses } = await context.call('DescribeAddresses', { Filters });
    expect(Addresses).toMatchObject([{ PublicIp: tagged.PublicIp, Tags }]);
  });

  test('of a rehearsed call is not taken', async () => {
    const { callUntyped, call } = await testContext();
    const rehearsed = callUntyped('AllocateAddress', { DryRun: true });
    await expect(rehearsed).rejects.toMatchObject({ code: 'DryRunOperation' });
    expect((await call('DescribeAddresses', {})).Addresses).toEqual([]);
  });
});

describe('a request about addresses is refused:', () => {
  const nobody = 'eipalloc-0000000000000000f';
  test.each([
    ['AllocateAddress', { Address: '10.0.0.1' }, 'InvalidAddress.NotFound'],
    ['AllocateAddress', { Address: '127.18.0.0' }, 'InvalidAddress.NotFound'],
    ['AllocateAddress', { Address: 'x' }, 'InvalidParameterValue'],
    ['AllocateAddress', { Domain: 'standard' }, 'UnsupportedOperation'],
    ['AllocateAddress', { PublicIpv4Pool: 'ipv4pool-ec2-1' }, 'UnsupportedOperation'],
    ['AllocateAddress', { NetworkBorderGroup: 'us-west-2' }, 'UnsupportedOperation'],
    ['ReleaseAddress', {}, 'MissingParameter'],
    ['ReleaseAddress', { AllocationId: nobody }, 'InvalidAllocationID.NotFound'],
    ['ReleaseAddress', { AllocationId: 'x' }, 'InvalidAllocationID.Malformed'],
    ['ReleaseAddress', { PublicIp: '127.18.0.9' }, 'InvalidAddress.NotFound'],
    [
      'ReleaseAddress',
      { AllocationId: nobody, PublicIp: '127.18.0.9' },
      'InvalidParameterCombination',
    ],
    ['AssociateAddress', { AllocationId: nobody }, 'InvalidAllocationID.NotFound'],
    ['DisassociateAddress', {}, 'MissingParameter'],
    [
      'DisassociateAddress',
      { AssociationId: 'eipassoc-0000000000000000f' },
      'InvalidAssociationID.NotFound',
    ],
    ['DescribeAddresses', { AllocationIds: [nobody] }, 'InvalidAllocationID.NotFound'],
  ] as const)('%s of %j with %s', async (name, request, code) => {
    const { callUntyped } = await testContext();
    const reply = callUntyped(name, structuredClone(request));
    await expect(reply).rejects.toMatchObject({ code });
  });

  test('the address of another account, or one that is in use', async () => {
    const context = await launched();
    const { call, instanceId: InstanceId } = context;
    const { AllocationId, PublicIp } = await allocate(context);
    const other = { accountId: '210987654321' };
    await expect(call('ReleaseAddress', { PublicIp }, other)).rejects.toMatchObject({
      code: 'AuthFailure',
      message: `The address '${PublicIp}' does not belong to you.`,
    });
    await expect(call('ReleaseAddress', { AllocationId }, other)).rejects.toMatchObject({
      code: 'InvalidAllocationID.NotFound',
    });
    await call('AssociateAddress', { AllocationId, InstanceId });
    await expect(call('ReleaseAddress', { AllocationId })).rejects.toMatchObject({
      code: 'InvalidIPAddress.InUse',
      message: `Address ${PublicIp} is in use.`,
    });
  });

  test('a target that is missing, unclear, foreign, or has no such private address', async () => {
    const context = await launched();
    const { call, instanceId: InstanceId } = context;
    const { networkInterfaceId: NetworkInterfaceId } = await context.instance();
    const { AllocationId } = await allocate(context);
    const refusals = [
      [{}, 'MissingParameter'],
      [{ InstanceId, NetworkInterfaceId }, 'InvalidParameterCombination'],
      [{ InstanceId: 'i-0000000000000000f' }, 'InvalidInstanceID.NotFound'],
      [{ InstanceId, PrivateIpAddress: '172.31.0.250' }, 'InvalidParameterValue'],
    ] as const;
    for (const [target, code] of refusals) {
      const associate = call('AssociateAddress', { AllocationId, ...target });
      await expect(associate).rejects.toMatchObject({ code });
    }
  });

  test('an instance that starts, or that is terminated', async () => {
    const context = await launched();
    const { call, settle, instanceId: InstanceId } = context;
    const { AllocationId } = await allocate(context);
    const associate = () => call('AssociateAddress', { AllocationId, InstanceId });
    await call('StopInstances', { InstanceIds: [InstanceId] });
    await settle();
    await call('StartInstances', { InstanceIds: [InstanceId] });
    await expect(associate()).rejects.toMatchObject({ code: 'InvalidInstanceID' });
    await settle();
    await call('TerminateInstances', { InstanceIds: [InstanceId] });
    await settle();
    await expect(associate()).rejects.toMatchObject({ code: 'InvalidInstanceID' });
  });

  test('a VPC without a gateway to the outside', async () => {
    const context = await launched();
    const { call, instanceId: InstanceId, metadata } = context;
    const { AllocationId } = await allocate(context);
    const { vpcId } = await context.instance();
    await metadata.write(async (tx) => {
      for (const { id } of await tx.list('internetGateway', { where: { vpc: [vpcId] } })) {
        await tx.delete('internetGateway', id);
      }
    });
    await expect(call('AssociateAddress', { AllocationId, InstanceId })).rejects.toMatchObject({
      code: 'Gateway.NotAttached',
      message: `Network ${vpcId} is not attached to any internet gateway`,
    });
  });

  test('more than 256 of an account in a region', async () => {
    const context = await testContext();
    for (let n = 0; n < 256; n += 1) await allocate(context);
    await expect(allocate(context)).rejects.toMatchObject({ code: 'AddressLimitExceeded' });
    const { PublicIp } = await context.call('AllocateAddress', {}, { region: 'us-west-2' });
    expect(PublicIp).toMatch(/^127\.18\./);
  });
});
