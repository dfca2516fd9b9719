import type { Instance } from '../records/instance.ts';

type Monitoring = Pick<Instance, 'monitoring'>;

/** Whether detailed monitoring is on, or on its way. */
export const isMonitored = ({ monitoring }: Monitoring): boolean =>
  monitoring === 'enabled' || monitoring === 'pending';

/** `enabled` or `disabled`: what the guest reads, and where a change ends. */
export const settledMonitoring = (instance: Monitoring): 'enabled' | 'disabled' =>
  isMonitored(instance) ? 'enabled' : 'disabled';
