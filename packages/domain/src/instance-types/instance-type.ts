import type { Root, VirtualizationType } from '../records/boot.ts';
import type { Architecture } from '../records/image.ts';

/** Architectures of types; images here have no Mac ones. */
export type TypeArchitecture = Architecture | 'x86_64_mac' | 'arm64_mac';

export interface InstanceStoreDisk {
  readonly sizeGB: number;
  readonly count: number;
  readonly kind: 'hdd' | 'ssd';
  /** NVMe disks exist whatever the block device mapping says. */
  readonly nvme: boolean;
}

/** Bandwidths in Gbps. Absent figures are not public. */
export interface NetworkCard {
  /** EC2's words: `Up to 12.5 Gigabit`, `Low to Moderate`, `100 Gigabit`. */
  readonly performance: string;
  readonly baselineGbps?: number;
  readonly peakGbps?: number;
  readonly interfaces?: number;
}

export interface TypeNetwork {
  /** As of a card; `4x 100 Gigabit` of four. */
  readonly performance: string;
  readonly interfaces?: number;
  readonly addressesPerInterface?: number;
  readonly cards?: number;
  /** Each of the cards; absent where they differ and how is not public. */
  readonly card?: NetworkCard;
  /** ENA queues of an interface. */
  readonly queues?: number;
  /** Present when a launch may choose the queues: the most for one interface. */
  readonly queuesMax?: number;
  readonly efa: boolean;
  /** ENA Express. */
  readonly srd: boolean;
}

/** What an EBS-optimized instance of the type can do. Throughput in MB/s is an eighth of the bandwidth. */
export interface TypeEbs {
  readonly baselineMbps: number;
  readonly maximumMbps: number;
  readonly baselineIops: number;
  readonly maximumIops: number;
  readonly cards: number;
}

export interface TypeAccelerator {
  readonly kind: 'gpu' | 'fpga' | 'inference' | 'media' | 'neuron';
  readonly name: string;
  readonly manufacturer: string;
  /** 0: the type has a share of one GPU. */
  readonly count: number;
  readonly memoryMiB: number;
  readonly share?: number;
}

/**
 * What types of one family mostly share. An absent member is one for which there is no public fact;
 * DescribeInstanceTypes leaves it out too.
 */
export interface TypeTraits {
  readonly currentGeneration: boolean;
  readonly burstable: boolean;
  readonly bareMetal: boolean;
  readonly freeTier: boolean;
  readonly threadsPerCore: number;
  readonly architectures: readonly TypeArchitecture[];
  readonly virtualizationTypes: readonly VirtualizationType[];
  readonly rootDeviceTypes: readonly Root['kind'][];
  /** Absent for bare metal. */
  readonly hypervisor?: 'xen' | 'nitro';
  readonly manufacturer?: string;
  readonly sustainedGHz?: number;
  readonly processorFeatures: readonly ('amd-sev-snp' | 'nested-virtualization')[];
  readonly bootModes?: readonly ('legacy-bios' | 'uefi')[];
  readonly usageClasses?: readonly ('on-demand' | 'spot')[];
  readonly placementStrategies: readonly ('cluster' | 'partition' | 'spread')[];
  readonly ebsOptimized: 'unsupported' | 'supported' | 'default';
  readonly ebsNvme: boolean;
  readonly attachmentLimit?: 'shared' | 'dedicated';
  readonly ena: 'unsupported' | 'supported' | 'required';
  /** Enhanced networking by the Intel 82599 interface. */
  readonly sriov: boolean;
  readonly ipv6: boolean;
  readonly encryptionInTransit?: boolean;
  readonly bandwidthWeightings: boolean;
  /** Seconds after which an idle TCP connection is forgotten, if nothing else is chosen. */
  readonly tcpEstablishedTimeoutSeconds: number;
  readonly dedicatedHosts?: boolean;
  readonly hibernation?: boolean;
  readonly autoRecovery?: boolean;
  readonly rebootMigration?: boolean;
  readonly nitroTpm?: boolean;
  readonly enclaves?: boolean;
  /** PHC: a precision hardware clock. */
  readonly preciseClock?: boolean;
}

/** An EC2 instance type as AWS describes it. docs/instance-types.md says what a guest here gets of it. */
export interface InstanceType extends TypeTraits {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** What `CpuOptions.CoreCount` may be; absent where EC2's list is not public, and for bare metal. */
  readonly validCores?: readonly number[];
  readonly network?: TypeNetwork;
  readonly ebs?: TypeEbs;
  /** Volumes at most; a `shared` limit counts network interfaces too. */
  readonly attachmentsMax?: number;
  readonly instanceStore?: InstanceStoreDisk;
  readonly accelerator?: TypeAccelerator;
}
