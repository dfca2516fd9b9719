import { secondMs } from '@bakehouse/base';
import { CommandShell } from './command-shell.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

/** More at once do not end sooner. */
const shellsMax = 8;
const idleMs = 30 * secondMs;

/** Runs programs in shells that stay for a while, some at once. The others wait. */
export class CommandShells {
  readonly #idle: { readonly shell: CommandShell; readonly timer: NodeJS.Timeout }[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  readonly run: RunNetworkCommand = async (argv, input) => {
    if (this.#busy >= shellsMax)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    else this.#busy += 1;
    const shell = this.#take();
    try {
      return await shell.run(argv, input);
    } finally {
      this.#putBack(shell);
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

  /** The one that ran last, so that the others become idle. */
  #take(): CommandShell {
    const last = this.#idle.pop();
    if (last === undefined) return new CommandShell();
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
