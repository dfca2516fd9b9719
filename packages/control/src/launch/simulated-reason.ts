import type { Instance } from '@bakehouse/domain';
import type { Settings } from '../settings.ts';

const code = 'Server.Simulated';

/** What an instance that starts or runs says of itself where no machine stands behind it. */
export function simulatedReason({
  compute,
}: Pick<Settings, 'compute'>): Pick<Instance, 'stateReason'> {
  if (compute !== 'simulated') return {};
  const message = `${code}: compute is simulated: this instance is a record without a guest`;
  return { stateReason: { code, message } };
}
