import { join } from 'node:path';
import { type Clock, type Logger, messageOf } from '@bakehouse/base';
import {
  ensureNamespace,
  isNamespace,
  type NamedNamespace,
  removeNamespace,
} from '../namespace.ts';
import { enterNamespace, namespaceFileOf } from '../network-names.ts';
import type { Outside } from '../outside.ts';
import type { RunNetworkCommand } from '../run-network-command.ts';
import { doorsSocket } from './ask-doors.ts';
import { Doors } from './doors.ts';
import { hostAddresses } from './host-addresses.ts';
import { firstOpenPort } from './host-ports.ts';
import { Pasta } from './pasta.ts';
import type { DoorPlan } from './plan-doors.ts';

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

const retryMs = 60_000;

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
  readonly #named: NamedNamespace;
  readonly #run: RunNetworkCommand;
  /** `ip netns` returns to where it was, and may return only to a network of this user namespace. */
  readonly #runIp: RunNetworkCommand;
  readonly #pasta: Pasta;
  readonly #doors: Doors;
  #isOutbound = false;
  #triedAt: number | undefined;
  #doorsFailedAt: number | undefined;

  constructor(parts: EdgeParts) {
    const { name, run, clock, logger, runtimeDirectory, logDirectory } = parts;
    this.#parts = parts;
    const namespace = edgeNamespace(name);
    const namespaceFile = namespaceFileOf(namespace);
    this.#named = { namespace, namespaceFile };
    this.#run = runInEdge(name, run);
    this.#runIp = (argv, input) => run(['unshare', '--net', '--', ...argv], input);
    const log = (file: string) => join(logDirectory, file);
    this.#pasta = new Pasta({
      ...{ namespaceFile, clock, logger, run: this.#run, logPath: log('pasta.log') },
    });
    this.#doors = new Doors({
      ...{ namespaceFile, clock, logger, logPath: log('doors.log') },
      socketPath: doorsSocket(runtimeDirectory),
    });
  }

  async make(): Promise<void> {
    await ensureNamespace(this.#named, this.#runIp);
    await this.#run(['ip', 'link', 'set', 'dev', 'lo', 'up']);
    await this.#run(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
  }

  async isWhole(): Promise<boolean> {
    if (!(await isNamespace(this.#named.namespaceFile))) return false;
    const [loopback, forwards] = await Promise.all([
      this.#run(['ip', '-o', 'link', 'show', 'dev', 'lo', 'up']),
      this.#run(['sysctl', '-n', 'net.ipv4.ip_forward']),
    ]);
    return loopback !== '' && forwards.trim() === '1';
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

  async open(plan: (firstPort: number) => DoorPlan): Promise<void> {
    await this.#doors.change(plan(await firstOpenPort()));
  }

  async watch(): Promise<void> {
    await this.#lookAfterDoors();
    if (this.#isOutbound) await this.#lookOutside();
  }

  async remove(): Promise<void> {
    const { logger } = this.#parts;
    await this.#doors.end();
    await this.#pasta.end();
    await removeNamespace(this.#named, { run: this.#runIp, logger });
  }

  /** Guests run and reach the outside without their doors, so these keep nothing else from its work. */
  async #lookAfterDoors(): Promise<void> {
    const { clock, logger } = this.#parts;
    const now = clock.elapsed();
    if (this.#doorsFailedAt !== undefined && now - this.#doorsFailedAt < retryMs) return;
    this.#doorsFailedAt = undefined;
    await this.#doors.repair().catch((error: unknown) => {
      this.#doorsFailedAt = clock.elapsed();
      logger.log('warn', "guests' public addresses are not reached", { why: messageOf(error) });
    });
  }

  /** A host without a way out is no reason not to start: it may have one later. */
  async #lookOutside(): Promise<void> {
    const { clock, logger } = this.#parts;
    if (await this.#pasta.isUp()) return;
    const now = clock.elapsed();
    if (this.#triedAt !== undefined && now - this.#triedAt < retryMs) return;
    this.#triedAt = now;
    await this.#pasta.start().catch((error: unknown) => {
      logger.log('warn', 'guests do not reach the outside', { why: messageOf(error) });
    });
  }
}
