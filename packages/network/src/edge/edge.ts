import { join } from 'node:path';
import { type Clock, type Logger, messageOf } from '@bakehouse/base';
import { isNamespace, removeNamespace } from '../namespace.ts';
import { enterNamespace, namespaceFileOf } from '../network-names.ts';
import type { Outside } from '../outside.ts';
import type { RunNetworkCommand } from '../run-network-command.ts';
import { Doors } from './doors.ts';
import { hostAddresses } from './host-addresses.ts';
import { firstOpenPort } from './host-ports.ts';
import { Pasta } from './pasta.ts';
import type { Door } from './plan-doors.ts';

/** Where a platform without the host's rights keeps what leads from its network to the host's. */
export interface EdgeOptions {
  /** For sockets, closed to other users. */
  readonly runtimeDirectory: string;
  readonly logDirectory: string;
}

export interface EdgeParts extends EdgeOptions {
  /** The platform's; see LinuxNetworkOptions. */
  readonly name: string;
  /** Runs a program in the host's network. */
  readonly run: RunNetworkCommand;
  readonly clock: Clock;
  readonly logger: Logger;
}

const retryOutsideMs = 60_000;

/** The namespace in the host's place. */
const edgeNamespace = (name: string): string => `${name}.edge`;

/** Runs programs in the edge, as the network runs them on the host otherwise. */
export function runInEdge(name: string, run: RunNetworkCommand): RunNetworkCommand {
  const enter = enterNamespace(edgeNamespace(name));
  return (argv, input) => run([...enter, ...argv], input);
}

/**
 * A network namespace in the place of the host, for a platform that may not change the host's network: the platform's
 * link and its table are here. Guests leave it through pasta, and programs of the host enter it through doors.
 */
export class Edge implements Outside {
  readonly #parts: EdgeParts;
  readonly #namespace: string;
  readonly #run: RunNetworkCommand;
  readonly #pasta: Pasta;
  readonly #doors: Doors;
  #isOutbound = false;
  #triedAt: number | undefined;

  constructor(parts: EdgeParts) {
    const { name, run, clock, logger, runtimeDirectory, logDirectory } = parts;
    this.#parts = parts;
    this.#namespace = edgeNamespace(name);
    const namespaceFile = namespaceFileOf(this.#namespace);
    this.#run = runInEdge(name, run);
    const log = (file: string) => join(logDirectory, file);
    this.#pasta = new Pasta({
      ...{ namespaceFile, clock, logger, run: this.#run, logPath: log('pasta.log') },
    });
    this.#doors = new Doors({
      ...{ namespaceFile, clock, logger, logPath: log('doors.log') },
      socketPath: join(runtimeDirectory, 'doors'),
    });
  }

  async make(): Promise<void> {
    if (!(await this.isWhole())) {
      // `ip` returns to where it was, and may return only to a network of this user namespace.
      await this.#parts.run(['unshare', '--net', '--', 'ip', 'netns', 'add', this.#namespace]);
    }
    await this.#run(['ip', 'link', 'set', 'dev', 'lo', 'up']);
    await this.#run(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
  }

  async isWhole(): Promise<boolean> {
    return await isNamespace(namespaceFileOf(this.#namespace));
  }

  /** pasta would reach the host at each of them. */
  closedAddresses(): Promise<readonly string[]> {
    return hostAddresses(this.#parts.run);
  }

  async enable(): Promise<void> {
    this.#isOutbound = true;
    await this.#lookOutside();
  }

  async restore(): Promise<void> {
    this.#isOutbound = false;
    await this.#pasta.end();
  }

  async open(doors: (firstPort: number) => readonly Door[]): Promise<void> {
    await this.#doors.change(doors(await firstOpenPort()));
  }

  async watch(): Promise<void> {
    await this.#doors.repair();
    if (this.#isOutbound) await this.#lookOutside();
  }

  async remove(): Promise<void> {
    const { run, logger } = this.#parts;
    await this.#doors.end();
    await this.#pasta.end();
    const namespaceFile = namespaceFileOf(this.#namespace);
    await removeNamespace(
      { namespace: this.#namespace, namespaceFile },
      { run: (argv, input) => run(['unshare', '--net', '--', ...argv], input), logger },
    );
  }

  /** A host without a way out is no reason not to start: it may have one later. */
  async #lookOutside(): Promise<void> {
    const { clock, logger } = this.#parts;
    if (await this.#pasta.isUp()) return;
    const now = clock.elapsed();
    if (this.#triedAt !== undefined && now - this.#triedAt < retryOutsideMs) return;
    this.#triedAt = now;
    await this.#pasta.start().catch((error: unknown) => {
      logger.log('warn', 'guests do not reach the outside', { why: messageOf(error) });
    });
  }
}
