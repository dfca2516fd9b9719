import { instanceTypeTable } from './instance-type-table.ts';
import type { Architecture, VirtualizationType } from './records/index.ts';

export interface InstanceStoreDisk {
  readonly sizeGB: number;
  readonly count: number;
  readonly kind: 'hdd' | 'ssd';
  /** NVMe disks are there whatever the block device mapping says. */
  readonly nvme: boolean;
}

export interface InstanceType {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly currentGeneration: boolean;
  readonly burstable: boolean;
  readonly architectures: readonly Architecture[];
  readonly virtualizationTypes: readonly VirtualizationType[];
  readonly instanceStore?: InstanceStoreDisk;
  readonly ebsEncryption: boolean;
  readonly ebsOptimized: 'unsupported' | 'supported' | 'default';
  readonly ena: 'unsupported' | 'supported' | 'required';
  /** Enhanced networking by the Intel 82599 interface. */
  readonly sriov: boolean;
  readonly hypervisor: 'xen' | 'nitro';
}

/** Undefined for a type that EC2 never had or that this table lacks. */
export function findInstanceType(name: string): InstanceType | undefined {
  return instanceTypeTable.get(name);
}

/** In order of name. */
export const instanceTypes: readonly InstanceType[] = [...instanceTypeTable.values()].sort(
  (a, b) => (a.name < b.name ? -1 : 1),
);
