import type { InstanceType } from './instance-type.ts';
import {
  family,
  graviton,
  type InstanceTraits,
  lateXen,
  nitro,
  series,
} from './instance-type-series.ts';

const words = (text: string) => text.split(' ');
const to24 = words('large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge');
const to32 = [...to24, '32xlarge'];
const to48 = [...to24, '48xlarge'];
const to48With32 = [...to32, '48xlarge'];
const gravitonSizes = words('medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge');
const amdSizes = ['medium', ...to48With32];
const flexSizes = words('large xlarge 2xlarge 4xlarge 8xlarge');

/** GiB of memory for each virtual CPU. */
const general = 4;
const compute = 2;
const memory = 8;

const lateXenEna: InstanceTraits = { ...lateXen, ena: 'supported', sriov: false };

const localDisks = {
  general: [
    'large=1x75 nvme',
    'xlarge=1x150 nvme',
    '2xlarge=1x300 nvme',
    '4xlarge=2x300 nvme',
    '8xlarge=2x600 nvme',
    '12xlarge=2x900 nvme',
    '16xlarge=4x600 nvme',
    '24xlarge=4x900 nvme',
  ],
  compute: [
    'large=1x50 nvme',
    'xlarge=1x100 nvme',
    '2xlarge=1x200 nvme',
    '4xlarge=1x400 nvme',
    '9xlarge=1x900 nvme',
    '12xlarge=2x900 nvme',
    '18xlarge=2x900 nvme',
    '24xlarge=4x900 nvme',
  ],
};

const generalTypes: readonly InstanceType[] = [
  ...series('m4', lateXen, {
    gibPerVcpu: general,
    sizes: words('large xlarge 2xlarge 4xlarge 10xlarge'),
  }),
  ...series('m4', lateXenEna, { gibPerVcpu: general, sizes: ['16xlarge'] }),
  ...series('m5', nitro, { gibPerVcpu: general, sizes: to24 }),
  ...series('m5a', nitro, { gibPerVcpu: general, sizes: to24 }),
  ...series('m5d', nitro, { gibPerVcpu: general, sizes: localDisks.general }),
  ...series('m5n', nitro, { gibPerVcpu: general, sizes: to24 }),
  ...series('m6a', nitro, { gibPerVcpu: general, sizes: to48With32 }),
  ...series('m6g', graviton, { gibPerVcpu: general, sizes: gravitonSizes }),
  ...series('m6i', nitro, { gibPerVcpu: general, sizes: to32 }),
  ...series('m7a', nitro, { gibPerVcpu: general, sizes: amdSizes }),
  ...series('m7g', graviton, { gibPerVcpu: general, sizes: gravitonSizes }),
  ...series('m7i', nitro, { gibPerVcpu: general, sizes: to48 }),
  ...series('m7i-flex', nitro, { gibPerVcpu: general, sizes: flexSizes }),
];

const computeTypes: readonly InstanceType[] = [
  ...series('c4', lateXen, { gibPerVcpu: 1.875, sizes: words('large xlarge 2xlarge 4xlarge') }),
  ...family('c4', lateXen, [['8xlarge', 36, 60]]),
  ...series('c5', nitro, {
    gibPerVcpu: compute,
    sizes: words('large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge'),
  }),
  ...series('c5a', nitro, { gibPerVcpu: compute, sizes: to24 }),
  ...series('c5d', nitro, { gibPerVcpu: compute, sizes: localDisks.compute }),
  ...series('c5n', nitro, { gibPerVcpu: 2.625, sizes: words('large xlarge 2xlarge 4xlarge') }),
  ...family('c5n', nitro, [
    ['9xlarge', 36, 96],
    ['18xlarge', 72, 192],
  ]),
  ...series('c6a', nitro, { gibPerVcpu: compute, sizes: to48With32 }),
  ...series('c6g', graviton, { gibPerVcpu: compute, sizes: gravitonSizes }),
  ...series('c6i', nitro, { gibPerVcpu: compute, sizes: to32 }),
  ...series('c7a', nitro, { gibPerVcpu: compute, sizes: amdSizes }),
  ...series('c7g', graviton, { gibPerVcpu: compute, sizes: gravitonSizes }),
  ...series('c7i', nitro, { gibPerVcpu: compute, sizes: to48 }),
  ...series('c7i-flex', nitro, { gibPerVcpu: compute, sizes: flexSizes }),
];

const memoryTypes: readonly InstanceType[] = [
  ...series('r4', lateXenEna, {
    gibPerVcpu: 7.625,
    sizes: words('large xlarge 2xlarge 4xlarge 8xlarge 16xlarge'),
  }),
  ...series('r5', nitro, { gibPerVcpu: memory, sizes: to24 }),
  ...series('r5a', nitro, { gibPerVcpu: memory, sizes: to24 }),
  ...series('r5d', nitro, { gibPerVcpu: memory, sizes: localDisks.general }),
  ...series('r6a', nitro, { gibPerVcpu: memory, sizes: to48With32 }),
  ...series('r6g', graviton, { gibPerVcpu: memory, sizes: gravitonSizes }),
  ...series('r6i', nitro, { gibPerVcpu: memory, sizes: to32 }),
  ...series('r7a', nitro, { gibPerVcpu: memory, sizes: amdSizes }),
  ...series('r7g', graviton, { gibPerVcpu: memory, sizes: gravitonSizes }),
  ...series('r7i', nitro, { gibPerVcpu: memory, sizes: to48 }),
];

const storageTypes: readonly InstanceType[] = [
  ...family('d2', lateXen, [
    ['xlarge', 4, 30.5, '3x2048 hdd'],
    ['2xlarge', 8, 61, '6x2048 hdd'],
    ['4xlarge', 16, 122, '12x2048 hdd'],
    ['8xlarge', 36, 244, '24x2048 hdd'],
  ]),
  ...series('i3', lateXenEna, {
    gibPerVcpu: 7.625,
    sizes: [
      'large=1x475 nvme',
      'xlarge=1x950 nvme',
      '2xlarge=1x1900 nvme',
      '4xlarge=2x1900 nvme',
      '8xlarge=4x1900 nvme',
      '16xlarge=8x1900 nvme',
    ],
  }),
  ...series('i4i', nitro, {
    gibPerVcpu: memory,
    sizes: [
      'large=1x468 nvme',
      'xlarge=1x937 nvme',
      '2xlarge=1x1875 nvme',
      '4xlarge=1x3750 nvme',
      '8xlarge=2x3750 nvme',
      '16xlarge=4x3750 nvme',
      '32xlarge=8x3750 nvme',
    ],
  }),
];

/** The fourth generation and later, but for the T families. Types with GPUs, FPGAs and bare metal are left out. */
export const currentTypes: readonly InstanceType[] = [
  ...generalTypes,
  ...computeTypes,
  ...memoryTypes,
  ...storageTypes,
];
