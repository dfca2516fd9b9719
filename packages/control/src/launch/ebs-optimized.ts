import { apiError, type InstanceType } from '@bakehouse/domain';

/** The flag, refused for types that do not have it. */
export function checkEbsOptimized(
  { name, ebsOptimized }: Pick<InstanceType, 'name' | 'ebsOptimized'>,
  wanted: boolean,
): boolean {
  if (!wanted || ebsOptimized !== 'unsupported') return wanted;
  throw apiError('Unsupported', {
    message: `EBS-optimized instances are not supported for your requested configuration: ${name} is not EBS-optimizable.`,
  });
}
