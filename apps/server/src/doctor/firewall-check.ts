import { type DroppingFirewall, findHostFirewall } from '@bakehouse/network';
import type { Check } from './check.ts';

export function firewallCheckOf(found: DroppingFirewall | undefined): Check {
  const name = 'other firewalls';
  if (found === undefined) {
    return { area: 'network', name, status: 'ok', detail: 'none keeps guests from the outside' };
  }
  return {
    area: 'network',
    name,
    status: 'warn',
    detail: `${found.chain} drops what guests send out and what is sent back`,
    remedy: found.remedy,
  };
}

/** Whether another firewall of the host keeps the guests of this platform from the outside. */
export async function firewallCheck(platform: string): Promise<Check> {
  try {
    return firewallCheckOf(await findHostFirewall(platform));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { area: 'network', name: 'other firewalls', status: 'warn', detail };
  }
}
