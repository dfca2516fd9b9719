import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { modifyNetworkInterfaceAttribute } from './modify-network-interface-attribute.ts';

test('each attribute of an interface is the same as in DescribeNetworkInterfaces', async () => {
  const { call, instance } = await launched();
  const { networkInterfaceId: id } = await instance();
  const { NetworkInterfaces: [nic] = [] } = await call('DescribeNetworkInterfaces', {
    NetworkInterfaceIds: [id],
  });
  const get = (Attribute: 'attachment') =>
    call('DescribeNetworkInterfaceAttribute', { NetworkInterfaceId: id, Attribute });
  const expected = {
    associatePublicIpAddress: { AssociatePublicIpAddress: true },
    attachment: { Attachment: nic?.Attachment },
    description: { Description: { Value: nic?.Description } },
    groupSet: { Groups: nic?.Groups },
    sourceDestCheck: { SourceDestCheck: { Value: true } },
  };
  expect(nic?.Groups).toHaveLength(1);
  for (const [name, answer] of Object.entries(expected)) {
    expect(await get(name as 'attachment')).toEqual({ NetworkInterfaceId: id, ...answer });
  }
});

test.each([true, false])(
  'a public address was asked for (%s), also while stopped',
  async (asked) => {
    const NetworkInterfaces = [{ DeviceIndex: 0, AssociatePublicIpAddress: asked }];
    const { call, instance } = await launched({ NetworkInterfaces }, 'stopped');
    const { networkInterfaceId: NetworkInterfaceId } = await instance();
    const Attribute = 'associatePublicIpAddress';
    const shown = await call('DescribeNetworkInterfaceAttribute', {
      NetworkInterfaceId,
      Attribute,
    });
    expect(shown.AssociatePublicIpAddress).toBe(asked);
  },
);

test.each([
  [true, 'running'],
  [false, 'running'],
  [true, 'stopped'],
  [false, 'stopped'],
] as const)(
  'the next start follows a changed choice of a public address: %s, while %s',
  async (asked, state) => {
    const launch = { NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: !asked }] };
    const { call, instance, instanceId, read, settle } = await launched(launch, state);
    const { networkInterfaceId: NetworkInterfaceId } = await instance();
    const address = async () =>
      (await read((reader) => reader.get('networkInterface', NetworkInterfaceId)))?.publicIp;
    const before = await address();
    const change = { NetworkInterfaceId, AssociatePublicIpAddress: asked };
    await call('ModifyNetworkInterfaceAttribute', change);
    expect(await address()).toBe(before);
    const Attribute = 'associatePublicIpAddress';
    const shown = await call('DescribeNetworkInterfaceAttribute', {
      NetworkInterfaceId,
      Attribute,
    });
    expect(shown.AssociatePublicIpAddress).toBe(asked);
    if (state === 'running') await call('StopInstances', { InstanceIds: [instanceId] });
    await settle();
    await call('StartInstances', { InstanceIds: [instanceId] });
    await settle();
    expect((await address()) !== undefined).toBe(asked);
  },
);

test('a rehearsed change of the public address changes nothing', async () => {
  const { call, callUntyped, instance } = await launched();
  const { networkInterfaceId: NetworkInterfaceId } = await instance();
  const change = { NetworkInterfaceId, AssociatePublicIpAddress: false };
  await expect(
    callUntyped('ModifyNetworkInterfaceAttribute', { ...change, DryRun: true }),
  ).rejects.toMatchObject({ code: 'DryRunOperation' });
  const Attribute = 'associatePublicIpAddress';
  const shown = await call('DescribeNetworkInterfaceAttribute', { NetworkInterfaceId, Attribute });
  expect(shown.AssociatePublicIpAddress).toBe(true);
});

test('an interface of an earlier version has a public address as its subnet says', async () => {
  const { call, instance, instanceId, read, metadata, settle } = await launched({}, 'stopped');
  const { networkInterfaceId: id } = await instance();
  await metadata.write(async (tx) => {
    const nic = await tx.get('networkInterface', id);
    if (!nic) throw new Error(`${id} has no record`);
    const { associatePublicIp: _, ...older } = nic;
    await tx.put('networkInterface', older);
  });
  const Attribute = 'associatePublicIpAddress';
  const request = { NetworkInterfaceId: id, Attribute } as const;
  const { AssociatePublicIpAddress } = await call('DescribeNetworkInterfaceAttribute', request);
  expect(AssociatePublicIpAddress).toBe(true);
  await call('StartInstances', { InstanceIds: [instanceId] });
  await settle();
  expect((await read((reader) => reader.get('networkInterface', id)))?.publicIp).toBeDefined();
});

test('a missing or unknown attribute and an unknown interface are refused', async () => {
  const { call, instance } = await launched();
  const { networkInterfaceId: NetworkInterfaceId } = await instance();
  const name = 'DescribeNetworkInterfaceAttribute';
  await expect(call(name, { NetworkInterfaceId })).rejects.toMatchObject({
    code: 'MissingParameter',
  });
  const Attribute = 'toString' as 'attachment';
  await expect(call(name, { NetworkInterfaceId, Attribute })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
  });
  const gone = { NetworkInterfaceId: 'eni-0000000000000000f', Attribute: 'attachment' } as const;
  await expect(call(name, gone)).rejects.toMatchObject({
    code: 'InvalidNetworkInterfaceID.NotFound',
  });
});

test('a change of groups waits until the server can publish it', async () => {
  const { operationContext, instance } = await launched();
  const { networkInterfaceId: NetworkInterfaceId } = await instance();
  const starting = new Error('starting');
  const context = {
    ...(await operationContext()),
    untilWorking: () => Promise.reject(starting),
  };
  const request = { NetworkInterfaceId, Groups: ['sg-00000000'] };
  await expect(modifyNetworkInterfaceAttribute(context, request)).rejects.toBe(starting);
});
