import type { Clock, Logger } from '@bakehouse/base';
import { findDroppingFirewall } from './host-firewall.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

const checkEveryMs = 60_000;

/**
 * Logs when another firewall begins to block guests' outbound traffic (for example when Docker starts), and when it
 * no longer does. Looks at most once a minute, however often it is called.
 */
export function firewallWatch(
  link: string,
  { run, clock, logger }: { run: RunNetworkCommand; clock: Clock; logger: Logger },
): () => Promise<void> {
  let checkedAt: number | undefined;
  let known: string | undefined;
  return async () => {
    const now = clock.elapsed();
    if (checkedAt !== undefined && now - checkedAt < checkEveryMs) return;
    checkedAt = now;
    const found = await findDroppingFirewall(link, run).catch((error: unknown) => {
      logger.log('warn', 'cannot look at the other firewalls of the host', { error });
      return undefined;
    });
    if (found?.chain === known) return;
    known = found?.chain;
    if (found === undefined)
      logger.log('info', 'no other firewall blocks outbound traffic of guests');
    else logger.log('warn', 'another firewall blocks outbound traffic of guests', { ...found });
  };
}
