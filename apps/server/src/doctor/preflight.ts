import { messageOf } from '@bakehouse/base';
import { checkNetworkHost } from '@bakehouse/network';
import type { Config } from '../config.ts';
import { UsageError } from '../config.ts';
import { guestTools, installCommand, missingTools, packagesOf } from './host-tools.ts';

/**
 * Throws UsageError, with the way out, when this process cannot run real guests. Runs before anything is created.
 * Simulated compute needs nothing of the host.
 */
export async function refuseUnfitHost(config: Config): Promise<void> {
  if (config.compute === 'simulated') return;
  await checkNetworkHost().catch((cause: unknown) => {
    throw new UsageError(messageOf(cause), { cause });
  });
  const missing = await missingTools(guestTools);
  if (missing.length === 0) return;
  const names = missing.map((tool) => tool.command).join(', ');
  const install = installCommand(packagesOf(missing));
  throw new UsageError(
    `real guests need ${names}: ${install}; without guests, use --compute simulated`,
  );
}
