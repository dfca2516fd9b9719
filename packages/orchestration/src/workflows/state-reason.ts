import type { Failure, Instance } from '@bakehouse/domain';
import { failureCodes } from './failures.ts';

export type StateReason = NonNullable<Instance['stateReason']>;

/** Codes for the failures that have one of their own: EC2's, but for what EC2 does not have. */
export const stateReasonCodes = {
  noCapacity: 'Server.InsufficientInstanceCapacity',
  noDiskRoom: 'Server.InsufficientVolumeCapacity',
  notForked: 'Server.InstanceNotForked',
} as const;

const serverCodes: Readonly<Record<string, string>> = {
  [failureCodes.noCapacity]: stateReasonCodes.noCapacity,
  [failureCodes.noDiskRoom]: stateReasonCodes.noDiskRoom,
  [failureCodes.notForked]: stateReasonCodes.notForked,
};

/** What an instance or image whose work failed shows as its StateReason; the message begins with the code, as EC2's do. */
export function stateReasonOf(failure: Failure | undefined, detail = ''): StateReason {
  const code = serverCodes[failure?.code ?? ''] ?? 'Server.InternalError';
  return { code, message: `${code}: ${detail}${failure?.message ?? 'unknown'}` };
}
