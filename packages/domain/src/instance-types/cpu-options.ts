import type { InstanceType } from './instance-type.ts';

/** The CPU cores of an instance, and the threads of each: together its virtual CPUs. */
export interface CpuOptions {
  readonly cores: number;
  readonly threadsPerCore: number;
}

export const vcpusOf = ({ cores, threadsPerCore }: CpuOptions) => cores * threadsPerCore;

/** Those of an instance that chooses nothing. */
export const defaultCpuOptions = ({ vcpus, threadsPerCore }: InstanceType): CpuOptions => ({
  cores: vcpus / threadsPerCore,
  threadsPerCore,
});

/** What `CpuOptions.ThreadsPerCore` may be; none for bare metal. */
export function validThreads({ bareMetal, threadsPerCore }: InstanceType): readonly number[] {
  if (bareMetal) return [];
  return threadsPerCore === 2 ? [1, 2] : [threadsPerCore];
}

/**
 * What `CpuOptions.CoreCount` may be; none for bare metal. Where EC2's list is not public, each number up to the
 * type's own.
 */
export function validCores(type: InstanceType): readonly number[] {
  if (type.bareMetal) return [];
  const { cores } = defaultCpuOptions(type);
  return type.validCores ?? Array.from({ length: cores }, (_, index) => index + 1);
}
