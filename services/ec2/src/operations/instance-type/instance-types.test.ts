import { documentedFilters } from '@bakehouse/aws-model';
import { allInstanceTypes } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import {
  instanceTypeFilters,
  instanceTypeOfferingFilters,
} from '../../filters/instance-type-filters.ts';
import { testContext } from '../../testing/test-context.ts';
import type { InstanceTypeView } from '../../views/instance-type.ts';

test.each([
  ['DescribeInstanceTypes', instanceTypeFilters],
  ['DescribeInstanceTypeOfferings', instanceTypeOfferingFilters],
] as const)('%s takes its documented filters and no others', (operation, table) => {
  const documented = documentedFilters(operation)?.names;
  expect(Object.keys(table).sort()).toEqual(documented?.toSorted());
});

test('types are described by name, and an unknown one is refused in EC2’s words', async () => {
  const { call, callUntyped } = await testContext();
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
  const bogus = { InstanceTypes: ['t3.micro', 'x9.huge'] };
  await expect(callUntyped('DescribeInstanceTypes', bogus)).rejects.toEqual(
    expect.objectContaining({
      code: 'InvalidInstanceType',
      message: 'The following supplied instance types do not exist: [x9.huge]',
    }),
  );
});

/** All pages of a call, in their order. */
async function pagesOf(call: Awaited<ReturnType<typeof testContext>>['call'], MaxResults?: number) {
  const pages: InstanceTypeView[][] = [];
  let NextToken: string | undefined;
  do {
    const request = { ...(MaxResults ? { MaxResults } : {}), ...(NextToken ? { NextToken } : {}) };
    const answer = await call('DescribeInstanceTypes', request);
    pages.push(answer.InstanceTypes ?? []);
    NextToken = answer.NextToken;
  } while (NextToken);
  return pages;
}

test.each([undefined, 100, 37])('pages of %s types join to the whole list', async (size) => {
  const { call } = await testContext();
  const pages = await pagesOf(call, size);
  expect(pages[0]).toHaveLength(size ?? 100);
  const seen = pages.flat().map((type) => type.InstanceType);
  expect(seen).toEqual(allInstanceTypes().map((type) => type.name));
});

test('every type has the members that are public for all, and none that is empty', async () => {
  const { call } = await testContext();
  for (const type of (await pagesOf(call)).flat()) {
    expect(type).toMatchObject({
      CurrentGeneration: expect.any(Boolean),
      FreeTierEligible: expect.any(Boolean),
      SupportedRootDeviceTypes: expect.arrayContaining(['ebs']),
      SupportedVirtualizationTypes: expect.arrayContaining(['hvm']),
      BareMetal: expect.any(Boolean),
      ProcessorInfo: {
        SupportedArchitectures: expect.any(Array),
        Manufacturer: expect.any(String),
      },
      VCpuInfo: {
        DefaultVCpus: expect.any(Number),
        DefaultCores: expect.any(Number),
        DefaultThreadsPerCore: expect.any(Number),
      },
      MemoryInfo: { SizeInMiB: expect.any(Number) },
      InstanceStorageSupported: type.InstanceStorageInfo !== undefined,
      EbsInfo: {
        EbsOptimizedSupport: expect.any(String),
        EncryptionSupport: 'supported',
        NvmeSupport: expect.any(String),
      },
      NetworkInfo: {
        DefaultNetworkCardIndex: 0,
        Ipv6Supported: expect.any(Boolean),
        EnaSupport: expect.any(String),
        ConnectionTrackingConfiguration: { DefaultUdpTimeout: 30 },
      },
      PlacementGroupInfo: { SupportedStrategies: expect.arrayContaining(['spread']) },
      BurstablePerformanceSupported: expect.any(Boolean),
      AutoRecoverySupported: expect.any(Boolean),
      RebootMigrationSupport: expect.any(String),
      SupportedInRegion: true,
    });
    expect(JSON.stringify(type), type.InstanceType).not.toMatch(/null|NaN|\[\]|\{\}|""/);
  }
});

test.each([
  [
    'c8gb.16xlarge',
    {
      ProcessorInfo: { SustainedClockSpeedInGhz: 2.8, Manufacturer: 'AWS' },
      NetworkInfo: {
        NetworkPerformance: '133.33 Gigabit',
        FlexibleEnaQueuesSupport: 'supported',
        NetworkCards: [
          {
            NetworkCardIndex: 0,
            BaselineBandwidthInGbps: 133.333,
            MaximumEnaQueueCount: 256,
            DefaultEnaQueueCountPerInterface: 16,
          },
        ],
      },
      HibernationSupported: true,
      SupportedBootModes: ['uefi'],
    },
  ],
  [
    'g6.12xlarge',
    {
      GpuInfo: {
        Gpus: [{ Name: 'L4', Count: 4, LogicalGpuCount: 4, GpuPartitionSize: 1 }],
        TotalGpuMemoryInMiB: 91_552,
      },
      AutoRecoverySupported: false,
      InstanceStorageInfo: { NvmeSupport: 'required', EncryptionSupport: 'required' },
    },
  ],
  ['g6f.large', { GpuInfo: { Gpus: [{ Count: 0, LogicalGpuCount: 1, GpuPartitionSize: 0.125 }] } }],
  ['f1.4xlarge', { FpgaInfo: { Fpgas: [{ Count: 2 }], TotalFpgaMemoryInMiB: 131_072 } }],
  ['inf1.6xlarge', { InferenceAcceleratorInfo: { Accelerators: [{ Count: 4 }] } }],
  ['vt1.3xlarge', { MediaAcceleratorInfo: { Accelerators: [{ Name: 'U30', Count: 1 }] } }],
  ['trn1.32xlarge', { NeuronInfo: { NeuronDevices: [{ Name: 'Trainium', Count: 16 }] } }],
  [
    'c8gb.48xlarge',
    {
      EbsInfo: { MaximumEbsCards: 2, EbsCards: [{ EbsCardIndex: 0 }, { EbsCardIndex: 1 }] },
      NetworkInfo: { MaximumNetworkCards: 2, EfaInfo: { MaximumEfaInterfaces: 2 } },
    },
  ],
  [
    'm5.large',
    { NitroTpmInfo: { SupportedVersions: ['2.0'] }, NitroEnclavesSupport: 'unsupported' },
  ],
])('%s is described as EC2 does', async (name, figures) => {
  const { call } = await testContext();
  const request = { InstanceTypes: [name as 'm5.large'] };
  const { InstanceTypes } = await call('DescribeInstanceTypes', request);
  expect(InstanceTypes).toHaveLength(1);
  expect(InstanceTypes?.[0]).toMatchObject(figures);
});

test.each([
  ['processor-info.supported-architecture', 'arm64_mac', 'mac2.metal'],
  ['vcpu-info.valid-threads-per-core', '2', 'm5.large'],
  ['network-info.network-performance', '4x 100 Gigabit', 'p4d.24xlarge'],
  ['network-info.bandwidth-weightings', 'vpc-1', 'c8a.large'],
  ['ebs-info.ebs-optimized-info.maximum-iops', '18750', 'm5.large'],
  ['nitro-tpm-info.supported-versions', '2.0', 'm5.large'],
  ['processor-info.supported-features', 'amd-sev-snp', 'm6a.large'],
  ['bare-metal', 'true', 'i3.metal'],
])('the filter %s finds what is shown', async (Name, value, example) => {
  const { call } = await testContext();
  const ask = async (extra: { Name: string; Values: string[] }[]) => {
    const Filters = [{ Name, Values: [value] }, ...extra];
    const { InstanceTypes } = await call('DescribeInstanceTypes', { Filters, MaxResults: 100 });
    return InstanceTypes ?? [];
  };
  expect((await ask([{ Name: 'instance-type', Values: [example] }])).length).toBe(1);
  expect((await ask([{ Name: 'instance-type', Values: ['t1.micro'] }])).length).toBe(0);
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
