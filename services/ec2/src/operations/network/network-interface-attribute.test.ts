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
