import { documentedFilters } from '@bakehouse/aws-model';
import { instanceTypes } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import {
  instanceTypeFilters,
  instanceTypeOfferingFilters,
} from '../../filters/instance-type-filters.ts';
import { testContext } from '../../testing/test-context.ts';

test.each([
  ['DescribeInstanceTypes', instanceTypeFilters],
  ['DescribeInstanceTypeOfferings', instanceTypeOfferingFilters],
] as const)('%s takes its documented filters and no others', (operation, table) => {
  const documented = documentedFilters(operation)?.names;
  expect(Object.keys(table).sort()).toEqual(documented?.toSorted());
});

test('types are described by name, and an unknown one is refused in EC2’s words', async () => {
  const { call } = await testContext();
  const { InstanceTypes } = await call('DescribeInstanceTypes', { InstanceTypes: ['m3.xlarge'] });
  expect(InstanceTypes).toMatchObject([
    {
      InstanceType: 'm3.xlarge',
      CurrentGeneration: false,
      VCpuInfo: { DefaultVCpus: 4 },
      MemoryInfo: { SizeInMiB: 15_360 },
      InstanceStorageInfo: { TotalSizeInGB: 80, Disks: [{ Count: 2, SizeInGB: 40, Type: 'ssd' }] },
      SupportedVirtualizationTypes: ['hvm', 'paravirtual'],
    },
  ]);
  const bogus = ['t3.micro', 'x9.huge' as 't3.micro'];
  await expect(call('DescribeInstanceTypes', { InstanceTypes: bogus as never })).rejects.toEqual(
    expect.objectContaining({
      code: 'InvalidInstanceType',
      message: 'The following supplied instance types do not exist: [x9.huge]',
    }),
  );
});

test('pages of types join to the whole list', async () => {
  const { call } = await testContext();
  const seen: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const request = { MaxResults: 100, ...(NextToken ? { NextToken } : {}) };
    const answer = await call('DescribeInstanceTypes', request);
    seen.push(...(answer.InstanceTypes ?? []).map((type) => type.InstanceType));
    NextToken = answer.NextToken;
  } while (NextToken);
  expect(seen).toEqual(instanceTypes.map((type) => type.name));
});

test('offerings are by region, zone or zone id', async () => {
  const { call } = await testContext();
  const located = async (LocationType: 'region' | 'availability-zone' | 'availability-zone-id') => {
    const Filters = [{ Name: 'instance-type', Values: ['t3.micro'] }];
    const answer = await call('DescribeInstanceTypeOfferings', { LocationType, Filters });
    return answer.InstanceTypeOfferings?.map((each) => each.Location);
  };
  expect(await located('region')).toEqual(['us-east-1']);
  expect(await located('availability-zone')).toHaveLength(6);
  expect(await located('availability-zone-id')).toContain('use1-az4');
});
