import { describe, expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { withSecondInterface } from '../../testing/second-interface.ts';

type Context = Awaited<ReturnType<typeof withSecondInterface>>;

/** What each part of the platform has of the instance's interfaces. */
async function interfacesEverywhere({ drivers, instanceId, call }: Context) {
  const machine = drivers.compute.machines().find((each) => each.spec.instanceId === instanceId);
  const { Reservations } = await call('DescribeInstances', { InstanceIds: [instanceId] });
  return {
    machine: machine?.nics.map(({ nicId }) => nicId),
    guest: drivers.publisher.read(instanceId)?.interfaces?.map((each) => each.interfaceId),
    network: await drivers.network.list(),
    shown: Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces?.map(
      (each) => each.NetworkInterfaceId,
    ),
  };
}

const everywhere = (ids: readonly string[]) => ({
  machine: ids,
  guest: ids,
  network: ids,
  shown: ids,
});

describe('an interface that is attached to a running instance', () => {
  test('is its machine’s, the network’s and the metadata’s, and is gone from them when detached', async () => {
    const context = await withSecondInterface();
    const { call, settle, instance, nicId, attach, shown, drivers, instanceId } = context;
    const { networkInterfaceId } = await instance();
    const AttachmentId = await attach();
    expect(await shown()).toMatchObject({
      Status: 'in-use',
      Attachment: { AttachmentId, Status: 'attaching', DeviceIndex: 1, DeleteOnTermination: false },
    });
    await settle();
    expect(await interfacesEverywhere(context)).toEqual(everywhere([networkInterfaceId, nicId]));
    expect((await shown())?.Attachment?.Status).toBe('attached');
    expect(drivers.publisher.read(instanceId)?.interfaces?.[1]).toMatchObject({ deviceIndex: 1 });
    await call('DetachNetworkInterface', { AttachmentId });
    expect((await shown())?.Attachment?.Status).toBe('detaching');
    await settle();
    expect(await interfacesEverywhere(context)).toEqual(everywhere([networkInterfaceId]));
    expect(await shown()).toMatchObject({ Status: 'available' });
    expect(await shown()).not.toHaveProperty('Attachment');
  });

  test('stays over stop and start', async () => {
    const context = await withSecondInterface();
    const { call, settle, instance, instanceId, nicId, attach } = context;
    await attach();
    await settle();
    await call('StopInstances', { InstanceIds: [instanceId] });
    await settle();
    expect(await context.drivers.network.list()).toEqual([]);
    await call('StartInstances', { InstanceIds: [instanceId] });
    await settle();
    const { networkInterfaceId } = await instance();
    expect(await interfacesEverywhere(context)).toEqual(everywhere([networkInterfaceId, nicId]));
  });

  test.each([false, true])(
    'is deleted with the instance when that was chosen (%s)',
    async (DeleteOnTermination) => {
      const { call, settle, instanceId, nicId, attach } = await withSecondInterface();
      const AttachmentId = await attach();
      await settle();
      await call('ModifyNetworkInterfaceAttribute', {
        NetworkInterfaceId: nicId,
        Attachment: { AttachmentId, DeleteOnTermination },
      });
      await call('TerminateInstances', { InstanceIds: [instanceId] });
      await settle();
      const { NetworkInterfaces } = await call('DescribeNetworkInterfaces', {});
      const kept = { NetworkInterfaceId: nicId, Status: 'available' };
      expect(NetworkInterfaces).toMatchObject(DeleteOnTermination ? [] : [kept]);
    },
  );

  test('is free again when the machine does not take the card', async () => {
    const context = await withSecondInterface();
    const { settle, instance, attach, shown, drivers } = context;
    drivers.compute.attachNic = async () => {
      throw new Error('no slot is left');
    };
    await attach();
    await settle();
    expect((await shown())?.Status).toBe('available');
    const { networkInterfaceId } = await instance();
    expect(await interfacesEverywhere(context)).toEqual(everywhere([networkInterfaceId]));
  });

  test('that its guest holds on to is detached by force', async () => {
    const context = await withSecondInterface();
    const { call, settle, attach, shown, drivers, clock } = context;
    const AttachmentId = await attach();
    await settle();
    const { compute } = drivers;
    const detachNic = compute.detachNic.bind(compute);
    compute.detachNic = async (instanceId, nicId, force) => {
      if (!force) throw new Error('the guest holds on to the card');
      await detachNic(instanceId, nicId, force);
    };
    await call('DetachNetworkInterface', { AttachmentId });
    await clock.advance(10_000);
    expect((await shown())?.Attachment?.Status).toBe('detaching');
    await expect(call('DetachNetworkInterface', { AttachmentId })).rejects.toMatchObject({
      code: 'IncorrectState',
    });
    await call('DetachNetworkInterface', { AttachmentId, Force: true });
    await clock.advance(10_000);
    await settle();
    expect((await shown())?.Status).toBe('available');
  });
});

test('a stopped instance has and gives up an interface at once', async () => {
  const { call, attach, shown } = await withSecondInterface('stopped');
  const AttachmentId = await attach();
  expect((await shown())?.Attachment?.Status).toBe('attached');
  await call('DetachNetworkInterface', { AttachmentId });
  expect((await shown())?.Status).toBe('available');
});

test('several interfaces: the instance has no automatic address, and requests name one', async () => {
  const { call, settle, instanceId: InstanceId, attach } = await withSecondInterface('stopped');
  await attach();
  await call('StartInstances', { InstanceIds: [InstanceId] });
  await settle();
  const { Reservations } = await call('DescribeInstances', { InstanceIds: [InstanceId] });
  expect(Reservations?.[0]?.Instances?.[0]).not.toHaveProperty('PublicIpAddress');
  const { AllocationId } = await call('AllocateAddress', {});
  const refusal = {
    code: 'InvalidInstanceID',
    message: expect.stringContaining('Please specify an interface ID'),
  };
  await expect(call('AssociateAddress', { AllocationId, InstanceId })).rejects.toMatchObject(
    refusal,
  );
  const SourceDestCheck = { Value: false };
  const modify = call('ModifyInstanceAttribute', { InstanceId, SourceDestCheck });
  await expect(modify).rejects.toMatchObject(refusal);
});

describe('refused', () => {
  test.each([
    [{ DeviceIndex: 0 }, 'InvalidParameterValue'],
    [{ DeviceIndex: -1 }, 'InvalidParameterValue'],
    [{ NetworkCardIndex: 1 }, 'UnsupportedOperation'],
    [{ NetworkInterfaceId: 'eni-0000000000000000f' }, 'InvalidNetworkInterfaceID.NotFound'],
    [{ InstanceId: 'i-0000000000000000f' }, 'InvalidInstanceID.NotFound'],
  ])('an attachment with %j', async (changes, code) => {
    const { call, nicId, instanceId, shown } = await withSecondInterface();
    const request = { NetworkInterfaceId: nicId, InstanceId: instanceId, DeviceIndex: 1 };
    const attach = call('AttachNetworkInterface', { ...request, ...changes });
    await expect(attach).rejects.toMatchObject({ code });
    expect((await shown())?.Status).toBe('available');
  });

  test('an interface that is attached, and deleting it', async () => {
    const { call, nicId, attach } = await withSecondInterface();
    await attach();
    await expect(attach()).rejects.toMatchObject({
      code: 'InvalidNetworkInterface.InUse',
      message: `Interface: [${nicId}] in use.`,
    });
    const remove = call('DeleteNetworkInterface', { NetworkInterfaceId: nicId });
    await expect(remove).rejects.toMatchObject({ code: 'InvalidParameterValue' });
  });

  test('more interfaces than the instance type has', async () => {
    const {
      call,
      instanceId: InstanceId,
      subnetId: SubnetId,
      attach,
    } = await withSecondInterface();
    await attach();
    const { NetworkInterface } = await call('CreateNetworkInterface', { SubnetId });
    const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
    const third = { NetworkInterfaceId, InstanceId, DeviceIndex: 2 };
    await expect(call('AttachNetworkInterface', third)).rejects.toMatchObject({
      code: 'AttachmentLimitExceeded',
      message: 'Interface count 3 exceeds the limit for t3.micro',
    });
    await call('CreateNetworkInterface', { SubnetId });
  });

  test('a type with fewer interfaces than the instance has', async () => {
    const { call, instance } = await launched({ InstanceType: 'm5.large' }, 'stopped');
    const { id: InstanceId, subnetId: SubnetId } = await instance();
    for (const DeviceIndex of [1, 2]) {
      const { NetworkInterface } = await call('CreateNetworkInterface', { SubnetId });
      const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
      await call('AttachNetworkInterface', { NetworkInterfaceId, InstanceId, DeviceIndex });
    }
    const InstanceType = { Value: 't3.micro' };
    const modify = call('ModifyInstanceAttribute', { InstanceId, InstanceType });
    await expect(modify).rejects.toMatchObject({
      code: 'AttachmentLimitExceeded',
      message: 'Interface count 3 exceeds the limit for t3.micro',
    });
    expect((await instance()).instanceType).toBe('m5.large');
  });

  test('a type whose interfaces have fewer addresses than one of the instance', async () => {
    const { call, instance } = await launched({ InstanceType: 'm5.large' }, 'stopped');
    const { id: InstanceId, networkInterfaceId: NetworkInterfaceId } = await instance();
    await call('AssignPrivateIpAddresses', {
      NetworkInterfaceId,
      SecondaryPrivateIpAddressCount: 2,
    });
    const InstanceType = { Value: 't3.micro' };
    const modify = call('ModifyInstanceAttribute', { InstanceId, InstanceType });
    await expect(modify).rejects.toMatchObject({ code: 'PrivateIpAddressLimitExceeded' });
    expect((await instance()).instanceType).toBe('m5.large');
  });

  test('more addresses than an interface of the type has', async () => {
    const { call, instance } = await launched({}, 'stopped');
    const { networkInterfaceId: NetworkInterfaceId } = await instance();
    const addresses = call('AssignPrivateIpAddresses', {
      NetworkInterfaceId,
      SecondaryPrivateIpAddressCount: 2,
    });
    await expect(addresses).rejects.toMatchObject({
      code: 'PrivateIpAddressLimitExceeded',
      message: 'Number of private addresses will exceed limit.',
    });
  });

  test('an interface of another zone', async () => {
    const { call, instanceId: InstanceId, subnetId } = await withSecondInterface();
    const { Subnets = [] } = await call('DescribeSubnets', {});
    const SubnetId = Subnets.find((each) => each.SubnetId !== subnetId)?.SubnetId ?? '';
    const { NetworkInterface } = await call('CreateNetworkInterface', { SubnetId });
    const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
    const attach = call('AttachNetworkInterface', {
      NetworkInterfaceId,
      InstanceId,
      DeviceIndex: 1,
    });
    await expect(attach).rejects.toMatchObject({ code: 'InvalidParameterCombination' });
  });

  test('to detach the primary interface, or an attachment that does not exist', async () => {
    const { call, read, instance } = await withSecondInterface();
    const { networkInterfaceId } = await instance();
    const nic = await read((tx) => tx.get('networkInterface', networkInterfaceId));
    const detach = (AttachmentId: string) => call('DetachNetworkInterface', { AttachmentId });
    await expect(detach(nic?.attachment?.id ?? '')).rejects.toMatchObject({
      code: 'OperationNotPermitted',
      message: 'The network interface at device index 0 cannot be detached.',
    });
    await expect(detach('eni-attach-00000000')).rejects.toMatchObject({
      code: 'InvalidAttachmentID.NotFound',
    });
  });
});
