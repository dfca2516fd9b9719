import type { Subject } from './subject.ts';

/** Volumes of an instance, by the tables "Amazon EBS volume limits for Amazon EC2 instances". */
const sharedMax = 27;
const bareMetalMax = 31;
const xenMax = 40;
const xenMaxWithStore = 39;
const xenFamiliesWithStore = new Set(['c1', 'c3', 'm1', 'm2', 'm3', 'r3']);
const notPublic = new Set(['t1', 't2']);

/** Volumes of types with a limit of their own, by size; the first row that is at least the size counts. */
const dedicated = [
  [12, 32],
  [18, 48],
  [24, 64],
  [32, 88],
  [Number.POSITIVE_INFINITY, 128],
] as const;
const dedicatedBareMetal = new Map([
  ['metal-24xl', 39],
  ['metal-48xl', 79],
  ['metal-96xl', 79],
]);

/** The largest number of EBS volumes, the root volume among them; undefined: not public. */
export function attachmentsOf(
  { key, kind, family, size, bareMetal }: Subject,
  disks: number,
  accelerators: number,
): number | undefined {
  const own = key('attachments');
  if (own !== undefined) return own === '-' ? undefined : Number(own);
  if (notPublic.has(family)) return undefined;
  const limit = key('limit');
  if (limit === 'dedicated') {
    if (bareMetal) return dedicatedBareMetal.get(size);
    const count = Number.parseInt(size, 10) || 1;
    return dedicated.find(([most]) => count <= most)?.[1];
  }
  if (limit !== undefined) return Number(limit);
  if (bareMetal) return bareMetalMax;
  if ((kind === 'xen' || kind === 'old') && accelerators === 0) {
    return xenFamiliesWithStore.has(family) ? xenMaxWithStore : xenMax;
  }
  return sharedMax - disks - accelerators;
}
