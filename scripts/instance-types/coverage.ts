import type { InstanceType } from '@bakehouse/domain';

type Origin = 'each type' | 'family' | 'rule' | 'size rule, exceptions by type';

interface Member {
  readonly name: string;
  readonly origin: Origin;
  readonly has: (type: InstanceType) => boolean;
  /** Types that AWS gives the member; all if absent. */
  readonly applies?: (type: InstanceType) => boolean;
}

const has =
  (...keys: readonly (keyof InstanceType)[]) =>
  (type: InstanceType) =>
    keys.every((key) => type[key] !== undefined);
const isVirtual = ({ bareMetal }: InstanceType) => !bareMetal;
const optimizes = ({ ebsOptimized }: InstanceType) => ebsOptimized !== 'unsupported';

/** Members of DescribeInstanceTypes by what was found. */
const members: readonly Member[] = [
  { name: 'VCpuInfo', origin: 'size rule, exceptions by type', has: has('vcpus') },
  { name: 'MemoryInfo', origin: 'size rule, exceptions by type', has: has('memoryMiB') },
  {
    name: 'VCpuInfo.ValidCores',
    origin: 'each type',
    has: has('validCores'),
    applies: isVirtual,
  },
  {
    name: 'ProcessorInfo.SupportedArchitectures, Manufacturer',
    origin: 'family',
    has: has('architectures', 'manufacturer'),
  },
  {
    name: 'ProcessorInfo.SustainedClockSpeedInGhz',
    origin: 'family',
    has: has('sustainedGHz'),
  },
  { name: 'SupportedBootModes', origin: 'rule', has: has('bootModes') },
  { name: 'SupportedUsageClasses', origin: 'family', has: has('usageClasses') },
  {
    name: 'CurrentGeneration, BareMetal, BurstablePerformanceSupported, SupportedVirtualizationTypes',
    origin: 'family',
    has: has('currentGeneration', 'virtualizationTypes'),
  },
  { name: 'NetworkInfo.NetworkPerformance', origin: 'each type', has: has('network') },
  {
    name: 'NetworkInfo.MaximumNetworkInterfaces, Ipv4AddressesPerInterface',
    origin: 'each type',
    has: ({ network }) => network?.interfaces !== undefined,
  },
  {
    name: 'NetworkInfo.NetworkCards[].BaselineBandwidthInGbps',
    origin: 'each type',
    has: ({ network }) => network?.card?.baselineGbps !== undefined,
  },
  {
    name: 'NetworkInfo.NetworkCards[].DefaultEnaQueueCountPerInterface',
    origin: 'each type',
    has: ({ network }) => network?.queues !== undefined,
    applies: ({ ena }) => ena !== 'unsupported',
  },
  {
    name: 'NetworkInfo.EncryptionInTransitSupported',
    origin: 'family',
    has: has('encryptionInTransit'),
  },
  { name: 'EbsInfo.EbsOptimizedInfo', origin: 'each type', has: has('ebs'), applies: optimizes },
  { name: 'EbsInfo.MaximumEbsAttachments', origin: 'rule', has: has('attachmentsMax') },
  { name: 'EbsInfo.AttachmentLimitType', origin: 'family', has: has('attachmentLimit') },
  {
    name: 'InstanceStorageInfo',
    origin: 'each type',
    has: has('instanceStore'),
    applies: has('instanceStore'),
  },
  {
    name: 'GpuInfo, FpgaInfo, InferenceAcceleratorInfo, MediaAcceleratorInfo, NeuronInfo',
    origin: 'each type',
    has: has('accelerator'),
    applies: has('accelerator'),
  },
  { name: 'DedicatedHostsSupported', origin: 'family', has: has('dedicatedHosts') },
  { name: 'HibernationSupported', origin: 'family', has: has('hibernation') },
  {
    name: 'AutoRecoverySupported, RebootMigrationSupport',
    origin: 'rule',
    has: has('autoRecovery'),
  },
  { name: 'NitroTpmSupport', origin: 'family', has: has('nitroTpm') },
  { name: 'NitroEnclavesSupport', origin: 'family', has: has('enclaves') },
  { name: 'PhcSupport', origin: 'family', has: has('preciseClock') },
];

export interface Coverage {
  readonly name: string;
  readonly origin: Origin;
  readonly with: number;
  readonly without: number;
}

export function coverageOf(types: readonly InstanceType[]): readonly Coverage[] {
  return members.map(({ name, origin, has: hasMember, applies = () => true }) => {
    const asked = types.filter(applies);
    const found = asked.filter(hasMember).length;
    return { name, origin, with: found, without: asked.length - found };
  });
}
