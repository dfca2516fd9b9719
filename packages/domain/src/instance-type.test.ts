import { expect, test } from 'vitest';
import { findInstanceType, instanceTypes } from './instance-type.ts';
import { burstableTypes } from './instance-type-burstable.ts';
import { currentTypes } from './instance-type-current.ts';
import { previousTypes } from './instance-type-previous.ts';

test.each([
  ['t1.micro', { vcpus: 1, memoryMiB: 627, virtualizationTypes: ['paravirtual'] }],
  ['m1.small', { vcpus: 1, memoryMiB: 1740, instanceStore: { count: 1, sizeGB: 160 } }],
  ['m3.medium', { memoryMiB: 3840, virtualizationTypes: ['hvm', 'paravirtual'] }],
  ['cc2.8xlarge', { vcpus: 32, virtualizationTypes: ['hvm'], ebsEncryption: false }],
  ['hs1.8xlarge', { instanceStore: { count: 24, sizeGB: 2000, kind: 'hdd' } }],
  ['c4.8xlarge', { vcpus: 36, memoryMiB: 61_440, sriov: true }],
  ['t3.nano', { vcpus: 2, memoryMiB: 512, burstable: true, ena: 'required' }],
  ['m5.large', { vcpus: 2, memoryMiB: 8192, hypervisor: 'nitro' }],
  ['c5.18xlarge', { vcpus: 72, memoryMiB: 147_456 }],
  ['r7i.48xlarge', { vcpus: 192, memoryMiB: 1_572_864 }],
  ['m7g.medium', { vcpus: 1, memoryMiB: 4096, architectures: ['arm64'] }],
  ['i3.2xlarge', { instanceStore: { count: 1, sizeGB: 1900, nvme: true }, hypervisor: 'xen' }],
])('%s is as EC2 has it', (name, figures) => {
  expect(findInstanceType(name)).toMatchObject(figures);
});

test('no type is in the table twice, and each has figures', () => {
  const all = [...previousTypes, ...burstableTypes, ...currentTypes];
  expect(instanceTypes).toHaveLength(all.length);
  for (const { name, vcpus, memoryMiB } of all) {
    expect(Number.isInteger(vcpus) && vcpus > 0, name).toBe(true);
    expect(Number.isInteger(memoryMiB) && memoryMiB >= 512, name).toBe(true);
  }
});

test('the current generation runs hardware virtual machines only', () => {
  const current = instanceTypes.filter((type) => type.currentGeneration);
  for (const type of current) expect(type.virtualizationTypes, type.name).toEqual(['hvm']);
});
