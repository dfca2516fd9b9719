import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';

export interface DetachedProcess {
  readonly name: string;
  /** Program and arguments; no secrets, they can be seen by everyone on the host. */
  readonly command: readonly string[];
  readonly logPath: string;
}

/** Starts a process that outlives this one, its output appended to a log. */
export async function spawnDetached({ name, command, logPath }: DetachedProcess): Promise<number> {
  const [program = '', ...args] = command;
  const log = await open(logPath, 'a', 0o600);
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log.fd, log.fd] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => {
        reject(new Error(`${name} could not be started: ${program}: ${cause.message}`, { cause }));
      });
    });
    child.unref();
    return child.pid ?? 0;
  } finally {
    await log.close();
  }
}

/**
 * Whether a process that was spawned here still is. By signal 0, as its arguments cannot be read at the moment
 * in which it becomes another program (`ip`, `unshare` and `setpriv` do so one after the other).
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The end of a log, for an error that should say what went wrong. */
export async function logTail(path: string, characters = 600): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.slice(-characters).trim();
}
