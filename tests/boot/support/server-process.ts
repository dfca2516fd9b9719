import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readyUrl } from '@bakehouse/testkit';

const program = join(import.meta.dirname, '../../../apps/server/src/start.ts');
const startLimitMs = 180_000;
const stopLimitMs = 60_000;

export interface ServerProcess {
  readonly endpoint: string;
  readonly log: string;
  isAlive(): boolean;
  /** SIGTERM; throws when the server does not end by itself. */
  stop(): Promise<void>;
}

async function logTail(log: string): Promise<string> {
  return (await readFile(log, 'utf8')).trim().split('\n').slice(-20).join('\n');
}

async function endpointOf(child: ChildProcess, log: string): Promise<string> {
  const timer = setTimeout(() => child.kill('SIGKILL'), startLimitMs);
  try {
    return await readyUrl(child);
  } catch (cause) {
    const tail = await logTail(log);
    throw new Error(`the server did not get ready; its log ends:\n${tail}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

function spawnServer(flags: readonly string[], log: string): ChildProcess {
  return spawn(
    process.execPath,
    [program, ...flags, '--log-level', 'debug', '--check-answers', 'on'],
    {
      stdio: ['ignore', 'pipe', openSync(log, 'a', 0o600)],
    },
  );
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/**
 * Starts the server as a service manager does, on a free port where none is given; its log goes to a file. One
 * that is killed (SIGKILL) is started again on the same port; one that ends in any other way is a failure.
 */
export async function startServer(
  dataDirectory: string,
  publicCidr: string,
  listen = '127.0.0.1:0',
  options: readonly string[] = [],
): Promise<ServerProcess> {
  const log = join(dataDirectory, 'logs', 'server.log');
  await mkdir(join(dataDirectory, 'logs'), { recursive: true, mode: 0o700 });
  const flags = ['--data', dataDirectory, '--public-cidr', publicCidr, ...options, '--listen'];
  let child = spawnServer([...flags, listen], log);
  const endpoint = await endpointOf(child, log);
  const restartWhenKilled = () => {
    child.once('exit', (_, signal) => {
      if (signal !== 'SIGKILL') return;
      child = spawnServer([...flags, new URL(endpoint).host], log);
      restartWhenKilled();
    });
  };
  restartWhenKilled();
  return {
    endpoint,
    log,
    isAlive: () => !hasEnded(child),
    async stop() {
      if (hasEnded(child)) throw new Error(`the server ended before it was asked to; see ${log}`);
      const last = child;
      last.removeAllListeners('exit');
      const exited = once(last, 'exit');
      const timer = setTimeout(() => last.kill('SIGKILL'), stopLimitMs);
      last.kill('SIGTERM');
      await exited;
      clearTimeout(timer);
      if (last.exitCode !== 0) {
        throw new Error(`the server ended with ${last.exitCode ?? last.signalCode}; see ${log}`);
      }
    },
  };
}
