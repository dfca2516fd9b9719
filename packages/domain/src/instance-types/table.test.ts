import { expect, test } from 'vitest';
import { defaultCpuOptions, validCores, validThreads } from './cpu-options.ts';
import type { InstanceType } from './instance-type.ts';
import { allInstanceTypes, expandTable, findInstanceType } from './table.ts';

const GiB = 1024;

test.each<[string, Partial<InstanceType>]>([
  ['t1.micro', { vcpus: 1, memoryMiB: 627, virtualizationTypes: ['hvm', 'paravirtual'] }],
  ['m1.small', { memoryMiB: 1740, architectures: ['i386', 'x86_64'], currentGeneration: false }],
  ['m3.xlarge', { memoryMiB: 15 * GiB, validCores: [1, 2], ena: 'unsupported' }],
  ['cc2.8xlarge', { vcpus: 32, virtualizationTypes: ['hvm'], ebsOptimized: 'unsupported' }],
  ['c4.8xlarge', { vcpus: 36, memoryMiB: 60 * GiB, sriov: true, hypervisor: 'xen' }],
  ['t2.micro', { vcpus: 1, burstable: true, freeTier: true, ebsOptimized: 'unsupported' }],
  ['t3.nano', { vcpus: 2, memoryMiB: 512, placementStrategies: ['partition', 'spread'] }],
  ['m4.large', { currentGeneration: false, attachmentsMax: 40, bootModes: ['legacy-bios'] }],
  ['m5.large', { vcpus: 2, memoryMiB: 8 * GiB, currentGeneration: false, attachmentsMax: 27 }],
  ['m5.12xlarge', { vcpus: 48, threadsPerCore: 2, autoRecovery: true, hibernation: false }],
  ['i3.metal', { vcpus: 72, memoryMiB: 512 * GiB, bareMetal: true }],
  ['m7g.medium', { vcpus: 1, memoryMiB: 4 * GiB, architectures: ['arm64'], bootModes: ['uefi'] }],
  ['c7i.48xlarge', { vcpus: 192, dedicatedHosts: false, tcpEstablishedTimeoutSeconds: 432_000 }],
  ['c8g.metal-48xl', { vcpus: 192, memoryMiB: 384 * GiB, attachmentsMax: 79 }],
  ['c8gb.16xlarge', { hibernation: true, sustainedGHz: 2.8, preciseClock: false }],
  ['m6a.large', { processorFeatures: ['amd-sev-snp'], manufacturer: 'AMD' }],
  ['mac2.metal', { architectures: ['arm64_mac'], usageClasses: ['on-demand'], vcpus: 8 }],
  ['u-24tb1.112xlarge', { vcpus: 448, memoryMiB: 24 * GiB * GiB }],
])('%s is as EC2 describes it', (name, figures) => {
  expect(findInstanceType(name)).toMatchObject(figures);
});

test.each([
  ['m1.small', 'instanceStore', { count: 1, sizeGB: 160, kind: 'hdd', nvme: false }],
  ['hs1.8xlarge', 'instanceStore', { count: 24, sizeGB: 2000, kind: 'hdd', nvme: false }],
  ['i3.2xlarge', 'instanceStore', { count: 1, sizeGB: 1900, kind: 'ssd', nvme: true }],
  ['c5d.24xlarge', 'instanceStore', { count: 4, sizeGB: 900, kind: 'ssd', nvme: true }],
  ['m6i.large', 'network', { performance: 'Up to 12.5 Gigabit', interfaces: 3, queues: 2 }],
  ['t2.micro', 'network', { performance: 'Low to Moderate', addressesPerInterface: 2 }],
  ['p4d.24xlarge', 'network', { performance: '4x 100 Gigabit', cards: 4, efa: true }],
  ['p4d.24xlarge', 'network', { card: { performance: '100 Gigabit', interfaces: 15 } }],
  ['m5.large', 'ebs', { baselineMbps: 650, maximumMbps: 4750, maximumIops: 18_750 }],
  ['g6.12xlarge', 'accelerator', { kind: 'gpu', name: 'L4', count: 4, memoryMiB: 22_888 }],
  ['f1.2xlarge', 'accelerator', { kind: 'fpga', count: 1 }],
] as const)('%s has its %s', (name, member, figures) => {
  expect(findInstanceType(name)?.[member]).toMatchObject(figures);
});

test('a name that EC2 does not have is found by nobody', () => {
  expect(findInstanceType('x9.huge')).toBeUndefined();
});

test('the figures of each type agree with one another', () => {
  for (const type of allInstanceTypes()) {
    const { name, vcpus, memoryMiB, bareMetal, network, ebs } = type;
    expect(Number.isInteger(vcpus) && vcpus > 0, name).toBe(true);
    expect(Number.isInteger(memoryMiB) && memoryMiB >= 512, name).toBe(true);
    expect(Number.isInteger(defaultCpuOptions(type).cores), name).toBe(true);
    expect(type.architectures.length, name).toBeGreaterThan(0);
    expect(bareMetal, name).toBe(type.hypervisor === undefined);
    if (bareMetal) expect([validCores(type), validThreads(type)], name).toEqual([[], []]);
    for (const cores of validCores(type)) expect(cores, name).toBeLessThanOrEqual(vcpus);
    const { baselineGbps = 0, peakGbps = Number.POSITIVE_INFINITY } = network?.card ?? {};
    expect(baselineGbps, name).toBeLessThanOrEqual(peakGbps);
    if (ebs) expect(ebs.baselineMbps, name).toBeLessThanOrEqual(ebs.maximumMbps);
    if (ebs) expect(ebs.baselineIops, name).toBeLessThanOrEqual(ebs.maximumIops);
  }
});

const familyOf = ({ name }: InstanceType) => name.slice(0, name.indexOf('.'));

test('types of a family have its processor and, but for bare metal, its hypervisor', () => {
  const families = Map.groupBy(allInstanceTypes(), familyOf);
  for (const [family, types] of families) {
    expect(new Set(types.map(({ manufacturer }) => manufacturer)).size, family).toBe(1);
    const hypervisors = types.flatMap(({ hypervisor }) => hypervisor ?? []);
    expect(new Set(hypervisors).size, family).toBeLessThanOrEqual(1);
    const kinds = types.flatMap(({ instanceStore }) => instanceStore?.kind ?? []);
    expect(new Set(kinds).size, family).toBeLessThanOrEqual(1);
  }
});

test('larger sizes of a family have no less memory', () => {
  for (const [family, types] of Map.groupBy(allInstanceTypes(), familyOf)) {
    const bySize = types
      .filter(({ bareMetal }) => !bareMetal)
      .toSorted((a, b) => a.vcpus - b.vcpus);
    for (const [index, type] of bySize.entries()) {
      const smaller = bySize[index - 1];
      if (!smaller || smaller.vcpus === type.vcpus) continue;
      expect(type.memoryMiB, family).toBeGreaterThanOrEqual(smaller.memoryMiB);
    }
  }
});

test('the current generation runs hardware virtual machines only', () => {
  const current = allInstanceTypes().filter((type) => type.currentGeneration);
  for (const type of current) expect(type.virtualizationTypes, type.name).toEqual(['hvm']);
});

test('a row of a table that names no traits is refused', () => {
  const table = { traits: [], networks: [], ebs: [], cores: [], stores: [], accelerators: [] };
  const types = [['t9.big', 1, 1024, -1, 0, -1, -1, -1, -1, -1]] as const;
  expect(() => expandTable({ ...table, types })).toThrow('instance type t9.big has no traits');
});
