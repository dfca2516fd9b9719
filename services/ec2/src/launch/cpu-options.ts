import type { Ec2Input } from '@bakehouse/aws-model';
import {
  apiError,
  type CpuOptions,
  defaultCpuOptions,
  type InstanceType,
  validCores,
  validThreads,
} from '@bakehouse/domain';

/** `CpuOptions` of RunInstances, of a launch template, and of ModifyInstanceCpuOptions. */
export type CpuOptionsRequest = NonNullable<Ec2Input<'RunInstances'>['CpuOptions']>;

/** Features of a processor that machines here do not have may be turned off only. */
export function refuseProcessorFeatures({
  AmdSevSnp,
  NestedVirtualization,
}: Pick<CpuOptionsRequest, 'AmdSevSnp' | 'NestedVirtualization'>): void {
  const asked = Object.entries({ AmdSevSnp, NestedVirtualization }).find(
    ([, value]) => value !== undefined && value !== 'disabled',
  );
  if (!asked) return;
  throw apiError('UnsupportedOperation', { parameter: `CpuOptions.${asked[0]}` });
}

function checkAmong(
  type: InstanceType,
  parameter: string,
  { value, valid }: { value: number; valid: readonly number[] },
): void {
  if (valid.includes(value)) return;
  throw apiError('InvalidParameterValue', {
    parameter,
    value,
    hint: `The instance type ${type.name} can have: ${valid.join(', ')}`,
  });
}

/** The cores and threads that are asked for, checked against the type; undefined if none are. */
export function cpuOptionsOf(
  type: InstanceType,
  { CoreCount: cores, ThreadsPerCore: threadsPerCore, ...features }: CpuOptionsRequest,
): CpuOptions | undefined {
  refuseProcessorFeatures(features);
  if (cores === undefined && threadsPerCore === undefined) return undefined;
  if (cores === undefined || threadsPerCore === undefined) {
    throw apiError('MissingParameter', {
      message: 'When specifying CpuOptions you must specify both CoreCount and ThreadsPerCore.',
    });
  }
  if (type.bareMetal) {
    throw apiError('InvalidParameterCombination', {
      message: `CPU options are not supported for bare metal instance types such as ${type.name}`,
    });
  }
  const parameter = 'cpuOptions';
  checkAmong(type, `${parameter}.coreCount`, { value: cores, valid: validCores(type) });
  checkAmong(type, `${parameter}.threadsPerCore`, {
    value: threadsPerCore,
    valid: validThreads(type),
  });
  return { cores, threadsPerCore };
}

/** What an instance of the type has, that asked for these options or for none. */
export function cpuOptionsView(type: InstanceType, asked: CpuOptions | undefined) {
  const { cores, threadsPerCore } = asked ?? defaultCpuOptions(type);
  return { CoreCount: cores, ThreadsPerCore: threadsPerCore };
}
