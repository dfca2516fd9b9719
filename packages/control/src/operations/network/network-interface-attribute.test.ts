import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';

test('each attribute of an interface is told as DescribeNetworkInterfaces tells it', async () => {
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

test('an attribute that is not named, or is none, and an interface that is not there are refused', async () => {
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
