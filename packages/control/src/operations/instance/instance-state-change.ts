import { apiError, type Instance, type InstanceState } from '@bakehouse/domain';
import { stateView } from '../../views/instance.ts';

/** How StopInstances and its kin answer. */
export function stateChange(before: Instance, after: Instance) {
  return {
    InstanceId: before.id,
    CurrentState: stateView(after.state),
    PreviousState: stateView(before.state),
  };
}

/** EC2's refusal of a verb that the instance's state does not allow. */
export function checkState(
  instance: Instance,
  allowed: readonly InstanceState[],
  verb: string,
): void {
  if (allowed.includes(instance.state)) return;
  throw apiError('IncorrectInstanceState', {
    message: `The instance '${instance.id}' is not in a state from which it can be ${verb}: it is '${instance.state}'.`,
  });
}

/** `User initiated (2026-11-22 02:26:00 GMT)`, as EC2 words transitions. */
export function userInitiated(now: number): string {
  const text = new Date(now).toISOString();
  return `User initiated (${text.slice(0, 10)} ${text.slice(11, 19)} GMT)`;
}

export const userShutdown = {
  code: 'Client.UserInitiatedShutdown',
  message: 'Client.UserInitiatedShutdown: User initiated shutdown',
};
