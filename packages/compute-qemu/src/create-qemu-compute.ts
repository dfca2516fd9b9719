import { computeLimitsDefault } from './compute-limits.ts';
import type { QemuComputeOptions } from './compute-options.ts';
import { QemuCompute } from './qemu-compute.ts';

/**
 * Machines as detached QEMU processes, found again by their folders. `exited` is emitted at least once for each
 * generation: `adopt` emits it again for machines that have ended and were not forgotten.
 */
export function createQemuCompute(options: QemuComputeOptions): QemuCompute {
  return new QemuCompute({ ...options, limits: { ...computeLimitsDefault, ...options.limits } });
}
