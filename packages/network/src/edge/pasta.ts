import { type Clock, type Logger, secondMs } from '@bakehouse/base';
import {
  endProcess,
  findProcesses,
  type HostProcess,
  isAlive,
  logTail,
  spawnDetached,
} from '@bakehouse/host';
import { NetworkToolError } from '../network-errors.ts';
import type { RunNetworkCommand } from '../run-network-command.ts';

/** What pasta calls its interface in the namespace. */
export const pastaLink = 'outside';

const startLimitMs = 10 * secondMs;
const pollMs = 20;

/**
 * Carries what leaves the namespace by sockets of this user, and nothing else: no port of the host leads into the
 * namespace, and none of the host's loopback out of it. It ends when the namespace loses its name.
 */
function pastaCommand(namespaceFile: string): readonly string[] {
  return [
    ...['pasta', '--foreground', '--quiet', '--ipv4-only', '--config-net'],
    ...['--netns', namespaceFile, '--netns-only', '--ns-ifname', pastaLink],
    ...['--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
    ...['--no-map-gw', '--no-dhcp'],
  ];
}

export interface PastaOptions {
  readonly namespaceFile: string;
  readonly logPath: string;
  /** Runs in the namespace. */
  readonly run: RunNetworkCommand;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The way from a namespace to the world, kept by a process that outlives this one. */
export class Pasta {
  readonly #options: PastaOptions;

  constructor(options: PastaOptions) {
    this.#options = options;
  }

  async isUp(): Promise<boolean> {
    const [processes, link] = await Promise.all([this.#processes(), this.#hasLink()]);
    return processes.length === 1 && link;
  }

  /** Rejects with NetworkToolError, for example when the host has no default route. */
  async start(): Promise<void> {
    await this.end();
    const { namespaceFile, logPath, clock, logger } = this.#options;
    const log = { path: logPath, keep: false };
    const { process } = await spawnDetached({
      name: 'way to the outside',
      argv: pastaCommand(namespaceFile),
      log,
    });
    for (const deadline = clock.elapsed() + startLimitMs; clock.elapsed() < deadline; ) {
      if (await this.#hasLink()) {
        logger.log('info', 'guests reach the outside through pasta', { pid: process?.pid });
        return;
      }
      if (process === undefined || !(await isAlive(process))) break;
      await clock.sleep(pollMs);
    }
    await this.end();
    throw new NetworkToolError(
      `pasta does not start, so guests do not reach the outside; its log ${logPath} ends: ${await logTail(logPath)}`,
    );
  }

  async end(): Promise<void> {
    const { clock } = this.#options;
    for (const each of await this.#processes()) {
      await endProcess(each, { what: 'pasta', clock, graceMs: secondMs });
    }
  }

  /** pasta may become another program of its package, by the processor's features. */
  #processes(): Promise<readonly HostProcess[]> {
    const { namespaceFile } = this.#options;
    return findProcesses(
      ({ argv }) => argv.includes(namespaceFile) && /(?:^|\/)pasta/.test(argv[0] ?? ''),
    );
  }

  /** With its address, without which nothing leaves. */
  async #hasLink(): Promise<boolean> {
    const { run } = this.#options;
    const output = await run(['ip', '-o', '-4', 'address', 'show', 'dev', pastaLink]).catch(
      () => '',
    );
    return output !== '';
  }
}
