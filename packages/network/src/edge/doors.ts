import { fileURLToPath } from 'node:url';
import { type Clock, type Logger, secondMs } from '@bakehouse/base';
import {
  codeBuild,
  endProcess,
  findProcesses,
  type HostProcess,
  logTail,
  spawnDetached,
} from '@bakehouse/host';
import { NetworkToolError } from '../network-errors.ts';
import { askDoors } from './ask-doors.ts';
import { doorKey } from './door-messages.ts';
import type { Door, DoorPlan } from './plan-doors.ts';

const program = fileURLToPath(new URL('./door-main.ts', import.meta.url));
const startLimitMs = 30 * secondMs;
const pollMs = 20;
/** In a line of the log. */
const namedMax = 10;

let ownBuild: Promise<string> | undefined;
const readOwnBuild = () => codeBuild([fileURLToPath(new URL('.', import.meta.url))]);

export interface DoorsOptions {
  /** Of the process, which only this user reaches. */
  readonly socketPath: string;
  /** From which guests are reached. */
  readonly namespaceFile: string;
  readonly logPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The ports of guests' public addresses on the host, kept by a process that outlives this one. */
export class Doors {
  readonly #options: DoorsOptions;
  #wanted: readonly Door[] = [];
  /** What the process has, as text; undefined when that is not known. */
  #applied: string | undefined;
  /** It did not reply when it was last asked for doors: changes do not wait for it until a repair has looked after it. */
  #isSilent = false;
  readonly #reported = new Map<string, string>();

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  /** Opens these doors and closes all others, at once. */
  async change({ doors, leftOut }: DoorPlan): Promise<void> {
    this.#wanted = doors;
    const names = [...leftOut].map(([address, count]) => `${count} of ${address}`);
    this.#report("too many of guests' ports are open to the host; left out are", names);
    if (this.#isSilent || this.#applied === textOf(doors)) return;
    await this.#apply();
  }

  /** Starts the process if it has ended, and tries again what could not be opened. */
  async repair(): Promise<void> {
    const found = await askDoors(this.#options.socketPath, {});
    const build = await this.#build();
    if (found?.build !== build) await this.#replace(build);
    else if (this.#applied === textOf(this.#wanted)) return;
    await this.#apply();
  }

  async end(): Promise<void> {
    const { clock } = this.#options;
    this.#applied = undefined;
    for (const each of await this.#processes()) {
      await endProcess(each, { what: 'process of public addresses', clock, graceMs: 0 });
    }
  }

  async #apply(): Promise<void> {
    const doors = this.#wanted;
    this.#applied = undefined;
    const reply = await askDoors(this.#options.socketPath, { doors });
    this.#isSilent = reply === undefined;
    // The next repair starts another.
    if (reply === undefined) return;
    if (reply.shut.length === 0) this.#applied = textOf(doors);
    const names = reply.shut.map(({ why }) => why);
    this.#report("guests' ports cannot be opened on the host", names);
  }

  /** Once for the same ones. */
  #report(message: string, names: readonly string[]): void {
    const more = names.length - namedMax;
    const why = [...names.slice(0, namedMax), ...(more > 0 ? [`${more} more`] : [])].join('; ');
    if (why !== '' && why !== this.#reported.get(message)) {
      this.#options.logger.log('warn', message, { why });
    }
    this.#reported.set(message, why);
  }

  /** One of another version would take this one's files for its own. */
  async #replace(build: string): Promise<void> {
    await this.end();
    const { socketPath, namespaceFile, logPath, clock, logger } = this.#options;
    const argv = [
      ...[process.execPath, program, '--socket', socketPath],
      ...['--namespace', namespaceFile, '--build', build],
    ];
    const log = { path: logPath, keep: false };
    const started = await spawnDetached({ name: 'process of public addresses', argv, log });
    let end: string | undefined;
    void started.ended.then((how) => {
      end = how;
    });
    for (const deadline = clock.elapsed() + startLimitMs; clock.elapsed() < deadline; ) {
      if ((await askDoors(this.#options.socketPath, {}))?.build === build) {
        logger.log('info', "guests' public addresses are opened on the host", {
          pid: started.process?.pid,
        });
        return;
      }
      if (end !== undefined) break;
      await clock.sleep(pollMs);
    }
    throw new NetworkToolError(
      `the process of guests' public addresses did not start (${end ?? 'no reply'}); its log ${logPath} ends: ${await logTail(logPath)}`,
    );
  }

  #build(): Promise<string> {
    ownBuild ??= readOwnBuild();
    return ownBuild;
  }

  #processes(): Promise<readonly HostProcess[]> {
    const { socketPath } = this.#options;
    return findProcesses(
      ({ argv }) =>
        argv.some((word) => word.endsWith('/door-main.ts')) && argv.includes(socketPath),
    );
  }
}

function textOf(doors: readonly Door[]): string {
  return doors.map(doorKey).toSorted().join('\n');
}
