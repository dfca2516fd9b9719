import type { Instance } from '@bakehouse/domain';
import { stateView } from '../views/instance.ts';
import { secondText } from '../views/time.ts';

/** The output of StopInstances and similar operations for one instance. */
export function stateChange(before: Instance, after: Instance) {
  return {
    InstanceId: before.id,
    CurrentState: stateView(after.state),
    PreviousState: stateView(before.state),
  };
}

/** `User initiated (2026-11-22 02:26:00 GMT)`, as EC2 words transitions. */
export function userInitiated(now: number): string {
  const [day, time] = secondText(now).replace('Z', '').split('T');
  return `User initiated (${day} ${time} GMT)`;
}

export const userShutdown = {
  code: 'Client.UserInitiatedShutdown',
  message: 'Client.UserInitiatedShutdown: User initiated shutdown',
};
