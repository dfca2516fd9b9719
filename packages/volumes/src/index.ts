export {
  createQemuVolumes,
  type QemuVolumes,
  type QemuVolumesOptions,
} from './create-qemu-volumes.ts';
export type { ChainRequest } from './disk-chain.ts';
export type { Stray, SweepRequest } from './sweep-volumes.ts';
export * from './volume-errors.ts';
export type { VolumeLimits } from './volume-limits.ts';
