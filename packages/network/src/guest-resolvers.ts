import type { Clock, Logger } from '@bakehouse/base';
import { readTextIfExists } from '@bakehouse/host';
import { answeringResolvers } from './resolver-probe.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

const checkEveryMs = 60_000;

/** Where guests' names are resolved: those of the known resolvers that answer from inside the network. */
export interface GuestResolvers {
  /** As of the last check. */
  readonly answering: readonly string[];
  /** Checks all of them in the background, at most once a minute. */
  check(): void;
  /** Resolves when the last check has taken effect. */
  settled(): Promise<void>;
}

export interface GuestResolversOptions {
  /** Absent: the host's own. */
  readonly resolvers?: readonly string[];
  readonly run: RunNetworkCommand;
  readonly enter: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after each check. */
  readonly onChecked: () => Promise<void>;
}

export function guestResolvers(options: GuestResolversOptions): GuestResolvers {
  const { run, enter, clock, logger } = options;
  let answering: readonly string[] = [];
  let checkedAt: number | undefined;
  let checking = Promise.resolve();

  async function find(): Promise<void> {
    const known = options.resolvers ?? (await hostResolvers());
    answering = await answeringResolvers(known, { run, enter });
    const silent = known.filter((address) => !answering.includes(address));
    if (silent.length > 0) {
      logger.log('warn', 'guests do not use resolvers that do not answer', { silent });
    }
    await options.onChecked();
  }

  return {
    get answering() {
      return answering;
    },
    check() {
      const now = clock.elapsed();
      if (checkedAt !== undefined && now - checkedAt < checkEveryMs) return;
      checkedAt = now;
      checking = find().catch((error: unknown) => {
        logger.log('warn', 'cannot check the resolvers', { error });
      });
    },
    settled: () => checking,
  };
}

/** The addresses of the host's own resolvers. A stub on loopback cannot be reached from the namespace. */
async function hostResolvers(): Promise<string[]> {
  for (const path of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    const content = (await readTextIfExists(path)) ?? '';
    const found = [...content.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)];
    const addresses = found.map((match) => match[1] ?? '').filter((ip) => !ip.startsWith('127.'));
    if (addresses.length > 0) return addresses;
  }
  return [];
}
