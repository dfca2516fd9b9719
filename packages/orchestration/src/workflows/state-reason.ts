import type { Failure, Instance } from '@bakehouse/domain';
import { failureCodes } from './failures.ts';

export type StateReason = NonNullable<Instance['stateReason']>;

/** EC2's codes for the failures that have one of their own. */
const serverCodes: Readonly<Record<string, string>> = {
  [failureCodes.noCapacity]: 'Server.InsufficientInstanceCapacity',
};

/** What an instance or image whose work failed shows as its StateReason; the message begins with the code, as EC2's do. */
export function stateReasonOf(failure: Failure | undefined, detail = ''): StateReason {
  const code = serverCodes[failure?.code ?? ''] ?? 'Server.InternalError';
  return { code, message: `${code}: ${detail}${failure?.message ?? 'unknown'}` };
}
