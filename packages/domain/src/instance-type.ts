import { instanceTypeTable } from './instance-type-table.ts';
import type { Architecture, VirtualizationType } from './records/index.ts';

export interface InstanceStoreDisk {
  readonly sizeGB: number;
  readonly count: number;
  readonly kind: 'hdd' | 'ssd';
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
  readonly ena: 'unsupported' | 'supported' | 'required';
  readonly sriov: boolean;
  readonly hypervisor: 'xen' | 'nitro';
}

/** Undefined for a type that EC2 never had or that this table lacks. */
export function findInstanceType(name: string): InstanceType | undefined {
  return instanceTypeTable.get(name);
}

export const instanceTypes: readonly InstanceType[] = [...instanceTypeTable.values()];
