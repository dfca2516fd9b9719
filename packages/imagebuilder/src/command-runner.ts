import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Command {
  readonly argv: readonly [string, ...string[]];
  /** Added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Each line of standard output and of standard error, as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError';
}

/** Runs a program of the host to its end. */
export interface CommandRunner {
  /**
   * Answers what it wrote to standard output. Throws CommandFailedError, with the last lines it
   * wrote, when it ends otherwise than with 0; rejects with the signal's reason when aborted, and
   * only once the whole process group is gone.
   */
  run(command: Command): Promise<string>;
}

const keptLinesMax = 30;
const keptOutputMax = 4 * 1024 * 1024;

export const hostCommandRunner: CommandRunner = {
  run(command) {
    return new Promise((resolve, reject) => {
      command.signal?.throwIfAborted();
      const [program, ...args] = command.argv;
      const child = spawn(program, args, {
        detached: true,
        env: { ...process.env, LC_ALL: 'C.UTF-8', ...command.environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const lastLines: string[] = [];
      let output = '';
      const keep = (line: string) => {
        lastLines.push(line);
        if (lastLines.length > keptLinesMax) lastLines.shift();
        command.onLine?.(line);
      };
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (output.length < keptOutputMax) output += `${line}\n`;
        keep(line);
      });
      createInterface({ input: child.stderr }).on('line', keep);
      const killGroup = () => endGroup(child.pid);
      command.signal?.addEventListener('abort', killGroup, { once: true });
      child.on('error', (cause) => {
        reject(new CommandFailedError(`${program} cannot be started: ${cause.message}`, { cause }));
      });
      child.on('close', (code, killedBy) => {
        command.signal?.removeEventListener('abort', killGroup);
        if (command.signal?.aborted) return reject(command.signal.reason);
        if (code === 0) return resolve(output);
        const how = killedBy === null ? `with ${code}` : `by ${killedBy}`;
        reject(new CommandFailedError(`${program} ended ${how}:\n${lastLines.join('\n')}`));
      });
    });
  },
};

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
