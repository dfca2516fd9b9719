import type { InstanceType } from './instance-type.ts';

const nitro = {
  currentGeneration: true,
  architectures: ['x86_64'],
  virtualizationTypes: ['hvm'],
  ebsEncryption: true,
  ena: 'required',
  sriov: false,
  hypervisor: 'nitro',
} as const;

const rows: readonly InstanceType[] = [
  { ...nitro, name: 't3.nano', vcpus: 2, memoryMiB: 512, burstable: true },
  { ...nitro, name: 't3.micro', vcpus: 2, memoryMiB: 1024, burstable: true },
  { ...nitro, name: 't3.small', vcpus: 2, memoryMiB: 2048, burstable: true },
];

export const instanceTypeTable: ReadonlyMap<string, InstanceType> = new Map(
  rows.map((row) => [row.name, row]),
);
