import type * as Ec2 from '@bakehouse/aws-model';
import {
  defaultCpuOptions,
  type InstanceType,
  type TypeAccelerator,
  validThreads,
} from '@bakehouse/domain';
import { networkInfoView } from './instance-type-network.ts';

export type InstanceTypeView = NonNullable<
  Ec2.Ec2Output<'DescribeInstanceTypes'>['InstanceTypes']
>[number];
type View<Member extends keyof InstanceTypeView> = NonNullable<InstanceTypeView[Member]>;

const supportOf = (supported: boolean) => (supported ? 'supported' : 'unsupported');

function processorInfoView(type: InstanceType): View<'ProcessorInfo'> {
  return {
    SupportedArchitectures: [...type.architectures],
    ...(type.sustainedGHz === undefined ? {} : { SustainedClockSpeedInGhz: type.sustainedGHz }),
    ...(type.processorFeatures.length > 0
      ? { SupportedFeatures: [...type.processorFeatures] }
      : {}),
    ...(type.manufacturer === undefined ? {} : { Manufacturer: type.manufacturer }),
  };
}

function vcpuInfoView(type: InstanceType): View<'VCpuInfo'> {
  const { vcpus, validCores, bareMetal } = type;
  const { cores, threadsPerCore } = defaultCpuOptions(type);
  return {
    DefaultVCpus: vcpus,
    DefaultCores: cores,
    DefaultThreadsPerCore: threadsPerCore,
    ...(validCores === undefined ? {} : { ValidCores: [...validCores] }),
    ...(bareMetal ? {} : { ValidThreadsPerCore: [...validThreads(type)] }),
  };
}

function storageView({ instanceStore, hypervisor }: InstanceType): Partial<InstanceTypeView> {
  if (!instanceStore) return { InstanceStorageSupported: false };
  const { count, sizeGB, kind, nvme } = instanceStore;
  return {
    InstanceStorageSupported: true,
    InstanceStorageInfo: {
      TotalSizeInGB: count * sizeGB,
      Disks: [{ SizeInGB: sizeGB, Count: count, Type: kind }],
      NvmeSupport: nvme ? 'required' : 'unsupported',
      // The cards of Nitro encrypt what they store; the disks of older hosts are as they are.
      EncryptionSupport: nvme && hypervisor !== 'xen' ? 'required' : 'unsupported',
    },
  };
}

const megabitsPerMegabyte = 8;

/** The figures of one of so many equal cards. */
function ebsFigures({ ebs }: InstanceType, cards: number) {
  if (!ebs) return undefined;
  const { baselineMbps, maximumMbps, baselineIops, maximumIops } = ebs;
  return {
    BaselineBandwidthInMbps: baselineMbps / cards,
    BaselineThroughputInMBps: baselineMbps / megabitsPerMegabyte / cards,
    BaselineIops: baselineIops / cards,
    MaximumBandwidthInMbps: maximumMbps / cards,
    MaximumThroughputInMBps: maximumMbps / megabitsPerMegabyte / cards,
    MaximumIops: maximumIops / cards,
  };
}

function ebsInfoView(type: InstanceType): View<'EbsInfo'> {
  const { ebsOptimized, ebsNvme, attachmentsMax, attachmentLimit, ebs } = type;
  const cards = ebs?.cards ?? 1;
  const figures = ebsFigures(type, 1);
  const ofCard = ebsFigures(type, cards);
  const indexes = Array.from({ length: cards }, (_, index) => index);
  return {
    EbsOptimizedSupport: ebsOptimized,
    EncryptionSupport: 'supported',
    ...(figures ? { EbsOptimizedInfo: figures } : {}),
    NvmeSupport: ebsNvme ? 'required' : 'unsupported',
    ...(attachmentsMax === undefined ? {} : { MaximumEbsAttachments: attachmentsMax }),
    ...(attachmentLimit === undefined ? {} : { AttachmentLimitType: attachmentLimit }),
    ...(cards > 1
      ? {
          MaximumEbsCards: cards,
          EbsCards: indexes.map((EbsCardIndex) => ({ EbsCardIndex, ...ofCard })),
        }
      : {}),
  };
}

function deviceOf({ name, manufacturer, count, memoryMiB }: TypeAccelerator) {
  return {
    Name: name,
    Manufacturer: manufacturer,
    Count: count,
    MemoryInfo: { SizeInMiB: memoryMiB },
  };
}

/** A type with a share of one GPU has no whole one, and one logical one. */
function gpuOf(gpu: TypeAccelerator) {
  return {
    ...deviceOf(gpu),
    LogicalGpuCount: gpu.share === undefined ? gpu.count : 1,
    GpuPartitionSize: gpu.share ?? 1,
  };
}

function neuronDeviceOf({ name, count, memoryMiB }: TypeAccelerator) {
  return { Name: name, Count: count, MemoryInfo: { SizeInMiB: memoryMiB } };
}

function acceleratorView({ accelerator }: InstanceType): Partial<InstanceTypeView> {
  if (!accelerator) return {};
  const total = Math.max(accelerator.count, 1) * accelerator.memoryMiB;
  const devices = [deviceOf(accelerator)];
  const views = {
    gpu: () => ({ GpuInfo: { Gpus: [gpuOf(accelerator)], TotalGpuMemoryInMiB: total } }),
    fpga: () => ({ FpgaInfo: { Fpgas: devices, TotalFpgaMemoryInMiB: total } }),
    inference: () => ({
      InferenceAcceleratorInfo: { Accelerators: devices, TotalInferenceMemoryInMiB: total },
    }),
    media: () => ({
      MediaAcceleratorInfo: { Accelerators: devices, TotalMediaMemoryInMiB: total },
    }),
    neuron: () => ({
      NeuronInfo: {
        NeuronDevices: [neuronDeviceOf(accelerator)],
        TotalNeuronDeviceMemoryInMiB: total,
      },
    }),
  };
  return views[accelerator.kind]();
}

/** Members whose facts may be unknown. */
function supportView(type: InstanceType): Partial<InstanceTypeView> {
  const { hibernation, dedicatedHosts, enclaves, nitroTpm, preciseClock } = type;
  const { autoRecovery, rebootMigration } = type;
  return {
    ...(hibernation === undefined ? {} : { HibernationSupported: hibernation }),
    ...(dedicatedHosts === undefined ? {} : { DedicatedHostsSupported: dedicatedHosts }),
    ...(autoRecovery === undefined ? {} : { AutoRecoverySupported: autoRecovery }),
    ...(enclaves === undefined ? {} : { NitroEnclavesSupport: supportOf(enclaves) }),
    ...(nitroTpm === undefined ? {} : { NitroTpmSupport: supportOf(nitroTpm) }),
    ...(nitroTpm ? { NitroTpmInfo: { SupportedVersions: ['2.0'] } } : {}),
    ...(preciseClock === undefined ? {} : { PhcSupport: supportOf(preciseClock) }),
    ...(rebootMigration === undefined
      ? {}
      : { RebootMigrationSupport: supportOf(rebootMigration) }),
  };
}

/**
 * AWS's description of a type; what is not public of it is left out. docs/instance-types.md says what a guest
 * here gets of it.
 */
export function instanceTypeView(type: InstanceType): InstanceTypeView {
  return {
    InstanceType: type.name as View<'InstanceType'>,
    CurrentGeneration: type.currentGeneration,
    FreeTierEligible: type.freeTier,
    ...(type.usageClasses ? { SupportedUsageClasses: [...type.usageClasses] } : {}),
    SupportedRootDeviceTypes: [...type.rootDeviceTypes],
    SupportedVirtualizationTypes: [...type.virtualizationTypes],
    BareMetal: type.bareMetal,
    ...(type.hypervisor ? { Hypervisor: type.hypervisor } : {}),
    ProcessorInfo: processorInfoView(type),
    VCpuInfo: vcpuInfoView(type),
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    ...storageView(type),
    EbsInfo: ebsInfoView(type),
    NetworkInfo: networkInfoView(type),
    ...acceleratorView(type),
    PlacementGroupInfo: { SupportedStrategies: [...type.placementStrategies] },
    BurstablePerformanceSupported: type.burstable,
    ...(type.bootModes ? { SupportedBootModes: [...type.bootModes] } : {}),
    ...supportView(type),
    // Every type is offered in every region.
    SupportedInRegion: true,
  };
}
