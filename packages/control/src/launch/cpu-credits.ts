import { apiError, type InstanceType } from '@bakehouse/domain';

/** The credit option of an instance of the type; none for types that do not burst. T2 alone starts as `standard`. */
export function creditsOf(
  { name, burstable }: Pick<InstanceType, 'name' | 'burstable'>,
  asked?: string,
): { readonly cpuCredits?: 'standard' | 'unlimited' } {
  if (!burstable) return {};
  const credits = asked ?? (name.startsWith('t2.') ? 'standard' : 'unlimited');
  if (credits === 'standard' || credits === 'unlimited') return { cpuCredits: credits };
  throw apiError('InvalidParameterValue', { message: `Invalid CPU credits '${credits}'` });
}

/** As `creditsOf`, for a launch: naming an option for a type that does not burst is refused. */
export function launchCredits(type: Pick<InstanceType, 'name' | 'burstable'>, asked?: string) {
  if (asked !== undefined && !type.burstable) {
    throw apiError('InvalidParameterCombination', {
      message: `CPU credits are supported for burstable instance types only, not for ${type.name}`,
    });
  }
  return creditsOf(type, asked);
}
