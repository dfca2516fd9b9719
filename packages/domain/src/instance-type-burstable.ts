import type { InstanceType } from './instance-type.ts';
import { family, graviton, lateXen, nitro, type SizeRow } from './instance-type-series.ts';

const t2 = {
  ...lateXen,
  burstable: true,
  ebsOptimized: 'unsupported',
  sriov: false,
} as const;

const sizes: readonly SizeRow[] = [
  ['nano', 2, 0.5],
  ['micro', 2, 1],
  ['small', 2, 2],
  ['medium', 2, 4],
  ['large', 2, 8],
  ['xlarge', 4, 16],
  ['2xlarge', 8, 32],
];

/** The T families. */
export const burstableTypes: readonly InstanceType[] = [
  ...family('t2', { ...t2, architectures: ['i386', 'x86_64'] }, [
    ['nano', 1, 0.5],
    ['micro', 1, 1],
    ['small', 1, 2],
    ['medium', 2, 4],
  ]),
  ...family('t2', t2, [
    ['large', 2, 8],
    ['xlarge', 4, 16],
    ['2xlarge', 8, 32],
  ]),
  ...family('t3', { ...nitro, burstable: true }, sizes),
  ...family('t3a', { ...nitro, burstable: true }, sizes),
  ...family('t4g', { ...graviton, burstable: true }, sizes),
];
