import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { messageOf } from '@bakehouse/base';
import { hasCode } from './files.ts';
import { findProcess, type HostProcess } from './processes.ts';
import { programEnvironment } from './program-environment.ts';
import { installHint } from './programs.ts';
import { privateUmask, withUmask } from './umask.ts';

export interface DetachedOptions {
  /** What it is, for errors: `block server`. */
  readonly name: string;
  /** Program and arguments. No secrets: everyone on the host can see them. */
  readonly argv: readonly string[];
  readonly cwd?: string;
  /** Where standard output and standard error go, mode 0600. */
  readonly log: { readonly path: string; readonly keep: boolean };
  /** Descriptors of the program from 3 on: one of this process's, or bytes for it to read. */
  readonly inherited?: readonly (number | Uint8Array)[];
}

export interface DetachedProcess {
  /** Undefined when it ended at once. */
  readonly process: HostProcess | undefined;
  /** Resolves when it has ended, with how, in words. */
  readonly ended: Promise<string>;
}

/** A program that could not be started. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * Starts a program that outlives this process: in a session of its own, with nothing of this process but its log,
 * and with a umask that keeps what it makes for its owner. Rejects with StartError.
 */
export async function spawnDetached(options: DetachedOptions): Promise<DetachedProcess> {
  const { name, argv, cwd, log, inherited = [] } = options;
  const [program = '', ...args] = argv;
  const output = await open(log.path, 'a', 0o600);
  if (!log.keep) await output.truncate();
  try {
    const child = withUmask(privateUmask, () =>
      spawn(program, args, {
        ...(cwd === undefined ? {} : { cwd }),
        detached: true,
        env: programEnvironment(),
        stdio: [
          ...['ignore' as const, output.fd, output.fd],
          ...inherited.map((each) => (typeof each === 'number' ? each : ('pipe' as const))),
        ],
      }),
    );
    const ended = Promise.withResolvers<string>();
    child.once('exit', (code, signal) =>
      ended.resolve(signal === null ? `exit status ${code}` : `ended by ${signal}`),
    );
    await once(child, 'spawn').catch((cause: unknown) => {
      const why = hasCode(cause, 'ENOENT')
        ? `${program} is not installed${installHint(program)}`
        : messageOf(cause);
      throw new StartError(`cannot start the ${name}: ${why}`, { cause });
    });
    for (const [index, bytes] of inherited.entries()) {
      if (typeof bytes !== 'number') writeAll(child.stdio[3 + index], bytes);
    }
    child.unref();
    return { process: await findProcess(child.pid ?? 0), ended: ended.promise };
  } finally {
    await output.close();
  }
}

/** A program that ends before it has read everything says why by its exit status. */
function writeAll(pipe: unknown, bytes: Uint8Array): void {
  if (!(pipe instanceof Writable)) return;
  pipe.on('error', () => {});
  pipe.end(bytes);
}

/** The end of a log, for an error that should say what went wrong; empty when there is none. */
export async function logTail(path: string, charactersMax = 600): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.slice(-charactersMax).trim();
}
