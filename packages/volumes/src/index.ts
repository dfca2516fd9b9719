export {
  createQemuVolumes,
  type QemuVolumes,
  type QemuVolumesOptions,
} from './create-qemu-volumes.ts';
export type { ChainRequest } from './disks/disk-chain.ts';
export type { Stray, SweepRequest } from './sweep-disks.ts';
export * from './volume-errors.ts';
export type { VolumeLimits } from './volume-limits.ts';
