import { PolicyRefusedError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { launched } from '../testing/launched.ts';

test('what the network refuses of another VPC keeps nothing from starting, changing and ending', async () => {
  const { call, settle, drivers, instanceId, instance } = await launched();
  const { subnetId, imageId } = await instance();
  const stateOf = async (id: string) => {
    const { Reservations = [] } = await call('DescribeInstances', { InstanceIds: [id] });
    return Reservations[0]?.Instances?.[0]?.State?.Name;
  };
  const launch = async () => {
    const wanted = {
      ImageId: imageId,
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
    } as const;
    const { Instances: [made] = [] } = await call('RunInstances', wanted);
    await settle();
    return made?.InstanceId ?? '';
  };
  const { AllocationId } = await call('AllocateAddress', {});
  const { NetworkInterface } = await call('CreateNetworkInterface', { SubnetId: subnetId });
  const { network } = drivers;
  const { applyPolicy } = network;
  const refuse = async () => {
    throw new PolicyRefusedError(new Map([['vpc-refused', new Error('nft failed')]]));
  };
  network.changePolicy = refuse;
  network.applyPolicy = async (policy) => {
    await applyPolicy.call(network, policy);
    await refuse();
  };

  const second = await launch();
  expect(await stateOf(second)).toBe('running');
  const attachment = { NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId ?? '' };
  const { AttachmentId = '' } = await call('AttachNetworkInterface', {
    ...attachment,
    InstanceId: second,
    DeviceIndex: 1,
  });
  await settle();
  await call('DetachNetworkInterface', { AttachmentId });
  await settle();
  const ids = { NetworkInterfaceIds: [attachment.NetworkInterfaceId] };
  const { NetworkInterfaces } = await call('DescribeNetworkInterfaces', ids);
  expect(NetworkInterfaces).toMatchObject([{ Status: 'available' }]);
  const { NatGateway } = await call('CreateNatGateway', { SubnetId: subnetId, AllocationId });
  const NatGatewayId = NatGateway?.NatGatewayId ?? '';
  const gateway = async () => {
    await settle();
    const { NatGateways } = await call('DescribeNatGateways', { NatGatewayIds: [NatGatewayId] });
    return NatGateways?.[0]?.State;
  };
  expect(await gateway()).toBe('available');
  await call('DeleteNatGateway', { NatGatewayId });
  expect(await gateway()).toBe('deleted');
  await call('TerminateInstances', { InstanceIds: [instanceId] });
  await settle();
  expect(await stateOf(instanceId)).toBe('terminated');
});
