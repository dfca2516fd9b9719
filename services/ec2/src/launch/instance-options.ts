import { readBase64 } from '@bakehouse/aws-model';
import { apiError, type InstanceType } from '@bakehouse/domain';
import { badUserData } from '../request/refusals.ts';
import { oneOf } from '../request/text.ts';

/** What happens when the guest powers itself off; `stop` by default. */
export function shutdownBehavior(text: string | undefined): 'stop' | 'terminate' {
  return oneOf('instanceInitiatedShutdownBehavior', text ?? 'stop', ['stop', 'terminate']);
}

/** The flag; throws for types that do not have it. */
export function checkEbsOptimized(
  { name, ebsOptimized }: Pick<InstanceType, 'name' | 'ebsOptimized'>,
  wanted: boolean,
): boolean {
  if (!wanted || ebsOptimized !== 'unsupported') return wanted;
  throw apiError('Unsupported', {
    message: `EBS-optimized instances are not supported for your requested configuration: ${name} is not EBS-optimizable.`,
  });
}

export const cpuCredits = ['standard', 'unlimited'] as const;
export type CpuCredits = (typeof cpuCredits)[number];

export const readCpuCredits = (text: string) => oneOf('CpuCredits', text, cpuCredits);

/** The credit option of an instance of the type; none for types that do not burst. Only T2 defaults to `standard`. */
export function creditsOf(
  { name, burstable }: Pick<InstanceType, 'name' | 'burstable'>,
  asked?: string,
): { readonly cpuCredits?: CpuCredits } {
  if (!burstable) return {};
  const usual = name.startsWith('t2.') ? 'standard' : 'unlimited';
  return { cpuCredits: readCpuCredits(asked ?? usual) };
}

/** As `creditsOf`, for a launch: throws for an option on a type that does not burst. */
export function launchCredits(type: Pick<InstanceType, 'name' | 'burstable'>, asked?: string) {
  if (asked !== undefined && !type.burstable) {
    throw apiError('InvalidParameterCombination', {
      message: `CPU credits are supported for burstable instance types only, not for ${type.name}`,
    });
  }
  return creditsOf(type, asked);
}

/** EC2's limit on user data, before base64. */
const userDataBytesMax = 16_384;

/** The user data of a request as normalised base64; undefined for none. */
export function checkUserData(base64: string | undefined): string | undefined {
  if (!base64) return undefined;
  const bytes = readBase64(base64);
  if (bytes === undefined) throw badUserData();
  if (bytes.length > userDataBytesMax) {
    throw apiError('InvalidParameterValue', {
      message: `User data is limited to ${userDataBytesMax} bytes`,
    });
  }
  return Buffer.from(bytes).toString('base64');
}
