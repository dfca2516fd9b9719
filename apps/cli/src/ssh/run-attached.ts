import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CommandFailedError } from '../command.ts';

/** Runs a program on this terminal and returns its exit code: 128 + n when signal n ended it. */
export function runAttached(
  words: readonly string[],
  { env, hint }: { readonly env: NodeJS.ProcessEnv; readonly hint: string },
): Promise<number> {
  const [program = '', ...args] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env });
    // Ctrl-C reaches the program by the terminal; this process waits for what it makes of it.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    const forward = () => child.kill('SIGTERM');
    process.on('SIGTERM', forward);
    const letGo = () => process.off('SIGINT', ignore).off('SIGTERM', forward);
    child.once('error', (cause) => {
      letGo();
      const isMissing = 'code' in cause && cause.code === 'ENOENT';
      const why = isMissing ? `${program} is not installed: ${hint}` : cause.message;
      reject(new CommandFailedError(why, { cause }));
    });
    child.once('exit', (code, signal) => {
      letGo();
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
