import type { InstanceType } from './instance-type.ts';
import { family, type InstanceTraits, lateXen } from './instance-type-series.ts';

/** The first generation: paravirtual guests, HDDs, volumes that cannot be encrypted. */
const first: InstanceTraits = {
  ...lateXen,
  currentGeneration: false,
  virtualizationTypes: ['paravirtual'],
  ebsEncryption: false,
  ebsOptimized: 'unsupported',
  sriov: false,
};
const first32: InstanceTraits = { ...first, architectures: ['i386', 'x86_64'] };
const firstOptimized: InstanceTraits = { ...first, ebsOptimized: 'supported' };

/** The cluster and storage types between the first and the second generation. */
const cluster: InstanceTraits = { ...first, virtualizationTypes: ['hvm'] };
const storage: InstanceTraits = { ...first, virtualizationTypes: ['hvm', 'paravirtual'] };

/** Both kinds of guests. */
const second: InstanceTraits = {
  ...lateXen,
  currentGeneration: false,
  virtualizationTypes: ['hvm', 'paravirtual'],
  ebsOptimized: 'supported',
  sriov: false,
};
const unoptimized = { ebsOptimized: 'unsupported' } as const;
const secondHvm: InstanceTraits = { ...second, virtualizationTypes: ['hvm'], sriov: true };
const c3: InstanceTraits = { ...second, sriov: true };

/** "Previous generation instances", with the memory that DescribeInstanceTypes tells. */
export const previousTypes: readonly InstanceType[] = [
  ...family('t1', first32, [['micro', 1, 627 / 1024]]),
  ...family('m1', first32, [
    ['small', 1, 1740 / 1024, '1x160 hdd'],
    ['medium', 1, 3788 / 1024, '1x410 hdd'],
  ]),
  ...family('m1', firstOptimized, [
    ['large', 2, 7.5, '2x420 hdd'],
    ['xlarge', 4, 15, '4x420 hdd'],
  ]),
  ...family('c1', first32, [['medium', 2, 1740 / 1024, '1x350 hdd']]),
  ...family('c1', firstOptimized, [['xlarge', 8, 7, '4x420 hdd']]),
  ...family('m2', first, [['xlarge', 2, 17510 / 1024, '1x420 hdd']]),
  ...family('m2', firstOptimized, [
    ['2xlarge', 4, 35020 / 1024, '1x850 hdd'],
    ['4xlarge', 8, 70041 / 1024, '2x840 hdd'],
  ]),
  ...family('cc2', cluster, [['8xlarge', 32, 60.5, '4x840 hdd']]),
  ...family('cr1', { ...cluster, ebsEncryption: true }, [['8xlarge', 32, 244, '2x120 ssd']]),
  ...family('hi1', storage, [['4xlarge', 16, 60.5, '2x1024 ssd']]),
  ...family('hs1', storage, [['8xlarge', 16, 117, '24x2000 hdd']]),
  ...family('m3', { ...second, ...unoptimized }, [
    ['medium', 1, 3.75, '1x4 ssd'],
    ['large', 2, 7.5, '1x32 ssd'],
  ]),
  ...family('m3', second, [
    ['xlarge', 4, 15, '2x40 ssd'],
    ['2xlarge', 8, 30, '2x80 ssd'],
  ]),
  ...family('c3', { ...c3, ...unoptimized, architectures: ['i386', 'x86_64'] }, [
    ['large', 2, 3.75, '2x16 ssd'],
  ]),
  ...family('c3', c3, [
    ['xlarge', 4, 7.5, '2x40 ssd'],
    ['2xlarge', 8, 15, '2x80 ssd'],
    ['4xlarge', 16, 30, '2x160 ssd'],
  ]),
  ...family('c3', { ...c3, ...unoptimized }, [['8xlarge', 32, 60, '2x320 ssd']]),
  ...family('r3', { ...secondHvm, ...unoptimized }, [
    ['large', 2, 15.25, '1x32 ssd'],
    ['8xlarge', 32, 244, '2x320 ssd'],
  ]),
  ...family('r3', secondHvm, [
    ['xlarge', 4, 30.5, '1x80 ssd'],
    ['2xlarge', 8, 61, '1x160 ssd'],
    ['4xlarge', 16, 122, '1x320 ssd'],
  ]),
  ...family('i2', secondHvm, [
    ['xlarge', 4, 30.5, '1x800 ssd'],
    ['2xlarge', 8, 61, '2x800 ssd'],
    ['4xlarge', 16, 122, '4x800 ssd'],
  ]),
  ...family('i2', { ...secondHvm, ...unoptimized }, [['8xlarge', 32, 244, '8x800 ssd']]),
];
