import type { InstanceType } from '@bakehouse/domain';
import {
  bootModes,
  ebsEncryption,
  ebsNvme,
  freeTier,
  oneInterface,
  rootDeviceTypes,
  storeEncryption,
  storeNvme,
  totalStoreGB,
} from '../views/instance-type.ts';
import type { FilterTable } from './filter.ts';
import { nothing } from './filter-values.ts';

/** Figures that the platform's table does not have, and so does not show. */
const absent = nothing([
  'ebs-info.attachment-limit-type',
  'ebs-info.maximum-ebs-attachments',
  'ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps',
  'ebs-info.ebs-optimized-info.baseline-iops',
  'ebs-info.ebs-optimized-info.baseline-throughput-in-mbps',
  'ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps',
  'ebs-info.ebs-optimized-info.maximum-iops',
  'ebs-info.ebs-optimized-info.maximum-throughput-in-mbps',
  'network-info.bandwidth-weightings',
  'network-info.efa-info.maximum-efa-interfaces',
  'network-info.flexible-ena-queues-support',
  'network-info.network-performance',
  'nitro-tpm-info.supported-versions',
  'processor-info.sustained-clock-speed-in-ghz',
  'processor-info.supported-features',
  'reboot-migration-support',
  'vcpu-info.valid-cores',
  'vcpu-info.valid-threads-per-core',
]);

/** The filters of DescribeInstanceTypes, by their documented names. */
export const instanceTypeFilters: FilterTable<InstanceType> = {
  ...absent,
  'auto-recovery-supported': () => false,
  'bare-metal': () => false,
  'burstable-performance-supported': (type) => type.burstable,
  'current-generation': (type) => type.currentGeneration,
  'dedicated-hosts-supported': () => false,
  'ebs-info.ebs-optimized-support': (type) => type.ebsOptimized,
  'ebs-info.encryption-support': ebsEncryption,
  'ebs-info.nvme-support': ebsNvme,
  'free-tier-eligible': (type) => freeTier.has(type.name),
  'hibernation-supported': () => false,
  hypervisor: (type) => type.hypervisor,
  'instance-storage-info.disk.count': (type) => type.instanceStore?.count,
  'instance-storage-info.disk.size-in-gb': (type) => type.instanceStore?.sizeGB,
  'instance-storage-info.disk.type': (type) => type.instanceStore?.kind,
  'instance-storage-info.encryption-support': storeEncryption,
  'instance-storage-info.nvme-support': storeNvme,
  'instance-storage-info.total-size-in-gb': totalStoreGB,
  'instance-storage-supported': (type) => type.instanceStore !== undefined,
  'instance-type': (type) => type.name,
  'memory-info.size-in-mib': (type) => type.memoryMiB,
  'network-info.efa-supported': () => false,
  'network-info.ena-support': (type) => type.ena,
  'network-info.encryption-in-transit-supported': () => false,
  'network-info.ipv4-addresses-per-interface': () => oneInterface.addresses,
  'network-info.ipv6-addresses-per-interface': () => 0,
  'network-info.ipv6-supported': () => false,
  'network-info.maximum-network-cards': () => oneInterface.cards,
  'network-info.maximum-network-interfaces': () => oneInterface.interfaces,
  'nitro-enclaves-support': () => 'unsupported',
  'nitro-tpm-support': () => 'unsupported',
  'processor-info.supported-architecture': (type) => type.architectures,
  'supported-boot-mode': () => bootModes,
  'supported-root-device-type': () => rootDeviceTypes,
  'supported-usage-class': () => 'on-demand',
  'supported-virtualization-type': (type) => type.virtualizationTypes,
  'vcpu-info.default-cores': (type) => type.vcpus,
  'vcpu-info.default-threads-per-core': () => 1,
  'vcpu-info.default-vcpus': (type) => type.vcpus,
};

export interface Offering {
  readonly type: string;
  readonly location: string;
}

/** The filters of DescribeInstanceTypeOfferings, by their documented names. */
export const instanceTypeOfferingFilters: FilterTable<Offering> = {
  'instance-type': ({ type }) => type,
  location: ({ location }) => location,
};
