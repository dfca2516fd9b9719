import { secondMs } from '@bakehouse/base';
import { CommandError, runCommand } from '@bakehouse/host';
import { hopLimitRuleset } from './hop-limit.ts';

const timeoutMs = 20 * secondMs;

/** Creates the table of hop limits in the namespace of this process. */
export async function loadHopLimits(address: string, port: number, routers: number): Promise<void> {
  try {
    await runCommand(['nft', '-f', '-'], {
      timeoutMs,
      input: hopLimitRuleset(address, port, routers),
    });
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    throw new Error(
      `nft refused the hop limits, which need nftables 1.0 and Linux 5.16 or later: ${cause.message}`,
      { cause },
    );
  }
}
