import { expect, test } from 'vitest';
import { makeVpc } from '../../testing/network-fixtures.ts';
import { testContext } from '../../testing/test-context.ts';

const configurations = [
  { Key: 'domain-name', Values: ['corp.example'] },
  { Key: 'domain-name-servers', Values: ['10.0.0.53', 'AmazonProvidedDNS'] },
  { Key: 'ntp-servers', Values: ['10.0.0.123'] },
  { Key: 'netbios-node-type', Values: ['2'] },
];

test('a set is created, associated with VPCs, and deleted when none has it', async () => {
  const context = await testContext();
  const { call } = context;
  const { DhcpOptions } = await call('CreateDhcpOptions', { DhcpConfigurations: configurations });
  const DhcpOptionsId = DhcpOptions?.DhcpOptionsId ?? '';
  expect(DhcpOptions?.DhcpConfigurations).toEqual(
    configurations.map(({ Key, Values }) => ({ Key, Values: Values.map((Value) => ({ Value })) })),
  );
  const Filters = [{ Name: 'value', Values: ['corp.example'] }];
  expect((await call('DescribeDhcpOptions', { Filters })).DhcpOptions).toEqual([DhcpOptions]);
  const VpcId = await makeVpc(context);
  await call('AssociateDhcpOptions', { VpcId, DhcpOptionsId });
  const shown = async () =>
    (await call('DescribeVpcs', { VpcIds: [VpcId] })).Vpcs?.[0]?.DhcpOptionsId;
  expect(await shown()).toBe(DhcpOptionsId);
  await expect(call('DeleteDhcpOptions', { DhcpOptionsId })).rejects.toMatchObject({
    code: 'DependencyViolation',
    message: `The dhcpOptions '${DhcpOptionsId}' has dependencies and cannot be deleted.`,
  });
  await call('AssociateDhcpOptions', { VpcId, DhcpOptionsId: 'default' });
  expect(await shown()).toBe('default');
  await call('DeleteDhcpOptions', { DhcpOptionsId });
  await expect(call('AssociateDhcpOptions', { VpcId, DhcpOptionsId })).rejects.toMatchObject({
    code: 'InvalidDhcpOptionID.NotFound',
  });
});

test.each([
  [[{ Key: 'colour', Values: ['red'] }]],
  [[{ Key: 'domain-name', Values: ['no/name'] }]],
  [[{ Key: 'domain-name', Values: ['a.example', 'b.example'] }]],
  [[{ Key: 'domain-name-servers', Values: ['server'] }]],
  [[{ Key: 'ntp-servers', Values: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'] }]],
  [[{ Key: 'netbios-node-type', Values: ['3'] }]],
  [
    [
      { Key: 'domain-name', Values: ['a.example'] },
      { Key: 'domain-name', Values: ['b.example'] },
    ],
  ],
])('%j is refused', async (DhcpConfigurations) => {
  const { call } = await testContext();
  await expect(call('CreateDhcpOptions', { DhcpConfigurations })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
  });
});
