import type { Subnet } from '@bakehouse/domain';
import { aNetworkInterface } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';

/** A region whose default subnets are those of its zones, in order. */
async function region() {
  const context = await testContext();
  const image = await context.addImage();
  const request = { ImageId: image.id, MinCount: 1, MaxCount: 1 };
  await context.call('DescribeSubnets', {});
  const all = await context.read((reader) =>
    reader.list('subnet', { region: context.scope.region }),
  );
  const subnets = all.toSorted((a, b) => (a.zone < b.zone ? -1 : 1));
  const launch = async (changes: object = {}) => {
    const { Instances = [] } = await context.call('RunInstances', {
      ...request,
      InstanceType: 't3.micro',
      ...changes,
    });
    return Instances.map(({ SubnetId }) => SubnetId);
  };
  /** Takes addresses of the subnet from its fifth on, all but `left` of its 4,091. */
  const fill = ({ id, vpcId, zone, cidr }: Subnet, left: number) =>
    context.metadata.write(async (tx) => {
      const [a = 0, b = 0, c = 0] = cidr.split('.').map((part) => Number.parseInt(part, 10));
      for (let n = 4; n < 4095 - left; n += 1) {
        const privateIp = `${a}.${b}.${c + Math.floor(n / 256)}.${n % 256}`;
        const nicId = `eni-${zone.at(-1)}${n.toString(16).padStart(16, '0')}` as const;
        await tx.put(
          'networkInterface',
          aNetworkInterface({ id: nicId, subnetId: id, vpcId, privateIp }),
        );
      }
    });
  return { ...context, subnets, launch, fill };
}

test('launches go to the first zone with room for all of them', async () => {
  const { subnets, launch, fill } = await region();
  const [first, second] = subnets;
  if (!first || !second) throw new Error('two zones are needed');
  expect(await launch()).toEqual([first.id]);
  await fill(first, 2);
  expect(await launch({ MaxCount: 3, MinCount: 3 })).toEqual([second.id, second.id, second.id]);
  expect(await launch()).toEqual([first.id]);
});

test('the last address of a subnet is found; a full one is refused when it is named', async () => {
  const { subnets, launch, fill, call } = await region();
  const [first, second] = subnets;
  if (!first || !second) throw new Error('two zones are needed');
  await fill(first, 1);
  expect(await launch({ SubnetId: first.id })).toEqual([first.id]);
  const { Subnets } = await call('DescribeSubnets', { SubnetIds: [first.id] });
  expect(Subnets?.[0]?.AvailableIpAddressCount).toBe(0);
  const refusal = { code: 'InsufficientFreeAddressesInSubnet' };
  await expect(launch({ SubnetId: first.id })).rejects.toMatchObject(refusal);
  const named = { Placement: { AvailabilityZone: first.zone } };
  await expect(launch(named)).rejects.toMatchObject(refusal);
  expect(await launch()).toEqual([second.id]);
});

test.each([
  ['subnet ID', { SubnetId: 'subnet-0123456789abcdef0' }],
  ['security groups', { SecurityGroupIds: ['sg-0123456789abcdef0'] }],
  ['security groups', { SecurityGroups: ['default'] }],
  ['private IP address', { PrivateIpAddress: '172.31.0.77' }],
])(
  "a network interface and a %s of the instance are refused in EC2's words: %j",
  async (...given) => {
    const [words, changes] = given;
    const { launch } = await region();
    const NetworkInterfaces = [{ DeviceIndex: 0 }];
    await expect(launch({ NetworkInterfaces, ...changes })).rejects.toMatchObject({
      code: 'InvalidParameterCombination',
      message: `Network interfaces and an instance-level ${words} may not be specified on the same request`,
    });
  },
);

test('a private address is refused next to an interface of the template; alone it is used', async () => {
  const { launch, call, read } = await region();
  await call('CreateLaunchTemplate', {
    LaunchTemplateName: 'with-interface',
    LaunchTemplateData: { NetworkInterfaces: [{ DeviceIndex: 0 }] },
  });
  const PrivateIpAddress = '172.31.0.77';
  const LaunchTemplate = { LaunchTemplateName: 'with-interface' };
  await expect(launch({ LaunchTemplate, PrivateIpAddress })).rejects.toMatchObject({
    code: 'InvalidParameterCombination',
    message: expect.stringContaining('private IP address'),
  });
  const Placement = { AvailabilityZone: 'us-east-1a' };
  await launch({ Placement, PrivateIpAddress });
  const nics = await read((reader) => reader.list('networkInterface'));
  expect(nics.map(({ privateIp }) => privateIp)).toEqual([PrivateIpAddress]);
});
