import { freePublicIpCount } from '@bakehouse/domain';
import { aNetworkInterface } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { ec2Api } from '../../api.ts';
import { testContext } from '../../testing/test-context.ts';

/** Launches between two counts on a platform with this pool of public addresses. */
async function platform(publicCidr: string) {
  const context = await testContext();
  const { id: ImageId } = await context.addImage();
  const launch = async (MinCount: number, MaxCount: number, changes: object = {}) => {
    const operation = await context.operationContext();
    const settings = { ...operation.settings, publicCidr };
    const shape = { ImageId, InstanceType: 't3.micro', MinCount, MaxCount, ...changes };
    const reply = await ec2Api.call('RunInstances', { ...operation, settings }, shape);
    return (reply as { Instances: unknown[] }).Instances.length;
  };
  return { ...context, launch };
}

const withoutPublicIp = {
  NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: false }],
};

test('as many are launched as the pool has public addresses, from the least to the most', async () => {
  const { launch, read } = await platform('127.20.0.0/28');
  expect(await launch(5, 20)).toBe(15);
  await expect(launch(1, 2)).rejects.toMatchObject({
    code: 'InsufficientAddressCapacity',
    message: expect.stringContaining('--public-cidr'),
  });
  expect(await read((reader) => reader.count('instance'))).toBe(15);
  expect(await launch(1, 2, withoutPublicIp)).toBe(2);
});

test('with too few public addresses for the least, nothing is launched', async () => {
  const { launch, read } = await platform('127.20.0.0/28');
  const code = 'InsufficientAddressCapacity';
  await expect(launch(16, 20)).rejects.toMatchObject({ code });
  expect(await read((reader) => reader.count('instance'))).toBe(0);
});

test('as many are launched as the subnet has addresses, from the least to the most', async () => {
  const { call, launch, metadata, scope } = await platform('127.18.0.0/16');
  await call('DescribeSubnets', {});
  // A default subnet as small as EC2 has them: 11 of its 16 addresses can be used.
  const SubnetId = await metadata.write(async (tx) => {
    const [subnet] = await tx.list('subnet', { region: scope.region });
    if (!subnet) throw new Error('a default subnet is needed');
    await tx.put('subnet', { ...subnet, cidr: subnet.cidr.replace(/\d+$/, '28') });
    return subnet.id;
  });
  const refusal = { code: 'InsufficientFreeAddressesInSubnet' };
  await expect(launch(12, 13, { SubnetId })).rejects.toMatchObject(refusal);
  expect(await launch(2, 8, { SubnetId })).toBe(8);
  expect(await launch(2, 8, { SubnetId })).toBe(3);
  await expect(launch(1, 8, { SubnetId })).rejects.toMatchObject(refusal);
});

test.each([
  ['127.20.0.0/28', 15],
  ['127.20.0.16/28', 16],
  ['127.20.0.240/28', 15],
  ['127.20.0.128/25', 127],
  ['127.20.1.0/24', 254],
  ['127.20.2.0/23', 508],
])('of the pool %s, %i addresses are free, less those in use', async (pool, total) => {
  const { metadata, read } = await testContext();
  const free = (max: number) => read((reader) => freePublicIpCount(reader, pool, max));
  expect([await free(total - 1), await free(total)]).toEqual([total - 1, total]);
  expect(await free(total + 1)).toBe(total);
  const [first] = pool.split('/');
  const used = ['127.30.0.1', first?.replace(/\d+$/, (last) => `${Number(last) + 1}`)];
  await metadata.write(async (tx) => {
    for (const [n, publicIp = ''] of used.entries()) {
      const id = `eni-0000000000000000${n}` as const;
      await tx.put('networkInterface', aNetworkInterface({ id, publicIp }));
    }
  });
  expect(await free(total)).toBe(total - 1);
  expect(await free(total - 2)).toBe(total - 2);
});
