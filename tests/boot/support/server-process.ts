import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

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

async function readyUrl(child: ChildProcess, log: string): Promise<string> {
  const timer = setTimeout(() => child.kill('SIGKILL'), startLimitMs);
  try {
    if (!child.stdout) throw new Error('the server has no output to read');
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^bakehouse ready (\S+)$/.exec(line)?.[1];
      if (url) return url;
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`the server did not get ready; its log ends:\n${await logTail(log)}`);
}

/** Starts the server as a user does, on a free port; its log goes to a file. */
export async function startServer(
  dataDirectory: string,
  publicCidr: string,
): Promise<ServerProcess> {
  const log = join(dataDirectory, 'logs', 'server.log');
  await mkdir(join(dataDirectory, 'logs'), { recursive: true, mode: 0o700 });
  const flags = ['--data', dataDirectory, '--listen', '127.0.0.1:0', '--public-cidr', publicCidr];
  const child = spawn(process.execPath, [program, ...flags, '--log-level', 'debug'], {
    stdio: ['ignore', 'pipe', openSync(log, 'a', 0o600)],
  });
  const exited = once(child, 'exit');
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  return {
    endpoint: await readyUrl(child, log),
    log,
    isAlive,
    async stop() {
      if (!isAlive()) throw new Error(`the server ended before it was asked to; see ${log}`);
      const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      child.kill('SIGTERM');
      await exited;
      clearTimeout(timer);
      if (child.exitCode !== 0) {
        throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}; see ${log}`);
      }
    },
  };
}
