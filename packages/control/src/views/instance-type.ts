import type * as Ec2 from '@bakehouse/aws-model';
import type { InstanceType } from '@bakehouse/domain';

type InstanceTypeView = NonNullable<
  Ec2.Ec2Output<'DescribeInstanceTypes'>['InstanceTypes']
>[number];

export const freeTier: ReadonlySet<string> = new Set(['t2.micro', 't3.micro']);

/** Each virtual CPU is a core of one thread, as machines are built here. */
const threadsPerCore = 1;
/** Machines here have one interface with one address, whatever EC2's have. */
export const oneInterface = { cards: 1, interfaces: 1, addresses: 1 };

export const totalStoreGB = ({ instanceStore: store }: InstanceType) =>
  store && store.count * store.sizeGB;
export const ebsNvme = ({ hypervisor }: InstanceType) =>
  hypervisor === 'nitro' ? 'required' : 'unsupported';
export const storeNvme = ({ instanceStore: store }: InstanceType) =>
  store && (store.nvme ? 'required' : 'unsupported');
export const ebsEncryption = (type: InstanceType) =>
  type.ebsEncryption ? 'supported' : 'unsupported';
export const storeEncryption = ({ instanceStore: store, hypervisor }: InstanceType) =>
  store && (store.nvme && hypervisor === 'nitro' ? 'required' : 'unsupported');
/** Machines here boot through their firmware's BIOS. */
export const bootModes = ['legacy-bios'] as const;
export const rootDeviceTypes = ['ebs'] as const;

function storageView(type: InstanceType): Partial<InstanceTypeView> {
  const { instanceStore: store } = type;
  const total = totalStoreGB(type);
  if (!store || total === undefined) return { InstanceStorageSupported: false };
  return {
    InstanceStorageSupported: true,
    InstanceStorageInfo: {
      TotalSizeInGB: total,
      Disks: [{ SizeInGB: store.sizeGB, Count: store.count, Type: store.kind }],
      NvmeSupport: storeNvme(type) ?? 'unsupported',
      EncryptionSupport: storeEncryption(type) ?? 'unsupported',
    },
  };
}

/** The official shape of a type. What the platform's table does not know is left out. */
export function instanceTypeView(type: InstanceType): InstanceTypeView {
  return {
    InstanceType: type.name as NonNullable<InstanceTypeView['InstanceType']>,
    CurrentGeneration: type.currentGeneration,
    FreeTierEligible: freeTier.has(type.name),
    SupportedUsageClasses: ['on-demand'],
    SupportedRootDeviceTypes: [...rootDeviceTypes],
    SupportedVirtualizationTypes: [...type.virtualizationTypes],
    BareMetal: false,
    Hypervisor: type.hypervisor,
    ProcessorInfo: { SupportedArchitectures: [...type.architectures] },
    VCpuInfo: {
      DefaultVCpus: type.vcpus,
      DefaultCores: type.vcpus / threadsPerCore,
      DefaultThreadsPerCore: threadsPerCore,
    },
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    ...storageView(type),
    EbsInfo: {
      EbsOptimizedSupport: type.ebsOptimized,
      EncryptionSupport: ebsEncryption(type),
      NvmeSupport: ebsNvme(type),
    },
    NetworkInfo: {
      MaximumNetworkInterfaces: oneInterface.interfaces,
      MaximumNetworkCards: oneInterface.cards,
      DefaultNetworkCardIndex: 0,
      Ipv4AddressesPerInterface: oneInterface.addresses,
      Ipv6AddressesPerInterface: 0,
      Ipv6Supported: false,
      EnaSupport: type.ena,
      EfaSupported: false,
      EncryptionInTransitSupported: false,
    },
    PlacementGroupInfo: { SupportedStrategies: [] },
    HibernationSupported: false,
    BurstablePerformanceSupported: type.burstable,
    DedicatedHostsSupported: false,
    AutoRecoverySupported: false,
    SupportedBootModes: [...bootModes],
    NitroEnclavesSupport: 'unsupported',
    NitroTpmSupport: 'unsupported',
    PhcSupport: 'unsupported',
  };
}
