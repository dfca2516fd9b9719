export type { Accelerator } from './accelerator.ts';
export * from './compute-errors.ts';
export { type ComputeLimits, computeLimitsDefault } from './compute-limits.ts';
export { createQemuCompute, type QemuComputeOptions } from './create-qemu-compute.ts';
export { disksSocketPath, listMachineFolders } from './machine-files.ts';
export { type ProbeOptions, probeAccelerator } from './probe-accelerator.ts';
export { systemUuid } from './system-identity.ts';
