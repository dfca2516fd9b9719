import { checkNetworkHost } from '@bakehouse/network';
import type { Config } from '../config.ts';
import { UsageError } from '../config.ts';
import { installCommand, missingTools, runTools } from './host-tools.ts';

/**
 * Throws UsageError, with the way out, when this process cannot have real guests: before anything is made.
 * Simulated compute needs nothing of the host.
 */
export async function refuseUnfitHost(config: Config): Promise<void> {
  if (config.compute === 'simulated') return;
  await checkNetworkHost().catch((cause: unknown) => {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  });
  const missing = await missingTools(runTools);
  if (missing.length === 0) return;
  const names = missing.map((tool) => tool.command).join(', ');
  throw new UsageError(
    `real guests need ${names}: ${installCommand(missing)}; without guests, use --compute simulated`,
  );
}
