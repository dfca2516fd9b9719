import type { Instance } from '@bakehouse/domain';
import type { Settings } from './settings.ts';

const code = 'Server.Simulated';

/** The state reason of an instance that is a record without a machine; nothing with real machines. */
export function simulatedReason({
  compute,
}: Pick<Settings, 'compute'>): Pick<Instance, 'stateReason'> {
  if (compute !== 'simulated') return {};
  const message = `${code}: compute is simulated: this instance is a record without a guest`;
  return { stateReason: { code, message } };
}
