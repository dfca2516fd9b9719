import { secondMs } from '@bakehouse/base';
import { CommandShell, type StartShell, startShell } from './command-shell.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

/** More at once do not end sooner. */
const shellsMax = 8;
const idleMs = 30 * secondMs;

/** Runs programs in shells that stay for a while, some at once. The others wait. */
export class CommandShells {
  readonly #idle: { readonly shell: CommandShell; readonly timer: NodeJS.Timeout }[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #start: StartShell;
  #busy = 0;

  constructor(start: StartShell = startShell) {
    this.#start = start;
  }

  readonly run: RunNetworkCommand = async (argv, input) => {
    if (this.#busy >= shellsMax)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    else this.#busy += 1;
    try {
      return await this.#runIn(this.#take(), argv, input);
    } finally {
      // Whoever waits takes the place over.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy -= 1;
    }
  };

  /** Ends those that are idle. */
  end(): void {
    for (const { shell, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      shell.end();
    }
  }

  async #runIn(shell: CommandShell, ...command: Parameters<RunNetworkCommand>): Promise<string> {
    try {
      return await shell.run(...command);
    } finally {
      this.#putBack(shell);
    }
  }

  /** The one that ran last, so that the others become idle. */
  #take(): CommandShell {
    const last = this.#idle.pop();
    if (last === undefined) return new CommandShell(this.#start);
    clearTimeout(last.timer);
    return last.shell.isUsable ? last.shell : this.#take();
  }

  #putBack(shell: CommandShell): void {
    if (!shell.isUsable) return;
    const timer = setTimeout(() => {
      this.#idle.splice(
        this.#idle.findIndex((each) => each.shell === shell),
        1,
      );
      shell.end();
    }, idleMs);
    this.#idle.push({ shell, timer: timer.unref() });
  }
}
