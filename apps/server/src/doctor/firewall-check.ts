import { messageOf } from '@bakehouse/base';
import { type DroppingFirewall, findHostFirewall } from '@bakehouse/network';
import type { Check } from './check.ts';

export function firewallCheckOf(found: DroppingFirewall | undefined): Check {
  const name = 'other firewalls';
  if (found === undefined) {
    return {
      area: 'network',
      name,
      status: 'ok',
      detail: 'none blocks outbound traffic of guests',
    };
  }
  return {
    area: 'network',
    name,
    status: 'warn',
    detail: `${found.chain} drops outbound traffic of guests`,
    remedy: found.remedy,
  };
}

/** Whether another firewall of the host blocks outbound traffic of this platform's guests. */
export async function firewallCheck(platform: string): Promise<Check> {
  try {
    return firewallCheckOf(await findHostFirewall(platform));
  } catch (error) {
    return { area: 'network', name: 'other firewalls', status: 'warn', detail: messageOf(error) };
  }
}
