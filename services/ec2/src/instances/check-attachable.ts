import { apiError, type Instance } from '@bakehouse/domain';

/** Volumes and interfaces are attached to instances that run or are stopped; EC2 names the one state only. */
export function checkAttachable({ id, state }: Pick<Instance, 'id' | 'state'>): void {
  if (state === 'running' || state === 'stopped') return;
  throw apiError('IncorrectState', { message: `Instance '${id}' is not 'running'.` });
}
