import { spawn } from 'node:child_process';
import { mkdir, open, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Endpoint, findEndpoint } from '../client/connection.ts';
import { fetchHealth } from '../client/health.ts';
import { CommandFailedError } from '../command.ts';

export interface FoundServer extends Endpoint {
  readonly logPath: string;
  /** Started just now. */
  readonly isNew: boolean;
}

export interface ServerRequest {
  readonly dataDirectory: string;
  /** Options of `serve`, for a server that has to be started. */
  readonly args: readonly string[];
  readonly onProgress: (note: string) => void;
}

/** The first start probes KVM, makes the network and starts helpers; on a slow machine that takes a while. */
const readyLimitMs = 180_000;
const pollMs = 100;

/** The server that serves this folder now: another's health at the same address does not count. */
async function findServing(
  dataDirectory: string,
  signal: AbortSignal,
): Promise<Endpoint | undefined> {
  const endpoint = await findEndpoint(dataDirectory);
  if (!endpoint) return undefined;
  const health = await fetchHealth(endpoint.url, signal).catch(() => undefined);
  signal.throwIfAborted();
  const root = await realpath(dataDirectory);
  return health?.pid === endpoint.pid && health.store.directory === root ? endpoint : undefined;
}

interface Starting {
  readonly pid: number;
  /** How it ended, once it has. */
  readonly ended: () => string | undefined;
}

/** In a session of its own, so that it outlives this command and its terminal. */
async function startServer(logPath: string, args: readonly string[]): Promise<Starting> {
  const program = resolve(import.meta.dirname, '..', 'main.ts');
  const log = await open(logPath, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [program, 'serve', ...args], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    let ended: string | undefined;
    child.once('error', (error) => {
      ended = error.message;
    });
    child.once('exit', (code, signal) => {
      ended = signal ? `ended by ${signal}` : `exit code ${code}`;
    });
    child.unref();
    return { pid: child.pid ?? 0, ended: () => ended };
  } finally {
    await log.close();
  }
}

const tailCharacters = 1_500;

/** The end of what this start wrote: earlier ones have nothing to do with it. */
async function writtenSince(path: string, offset: number): Promise<string> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return bytes.subarray(offset).toString('utf8').slice(-tailCharacters).trim();
}

/** Finds the server of the data folder, or starts one in the background and waits until it serves. */
export async function ensureServer(
  { dataDirectory, args, onProgress }: ServerRequest,
  signal: AbortSignal,
): Promise<FoundServer> {
  const logs = join(dataDirectory, 'logs');
  const logPath = join(logs, 'server.log');
  const running = await findServing(dataDirectory, signal);
  if (running) return { ...running, logPath, isNew: false };
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  await mkdir(logs, { recursive: true, mode: 0o700 });
  const began = Date.now();
  const logStart = await stat(logPath).then(
    ({ size }) => size,
    () => 0,
  );
  const starting = await startServer(logPath, ['--data', dataDirectory, ...args]);
  onProgress(`starting, its log is ${logPath}`);
  while (Date.now() < began + readyLimitMs) {
    const ended = starting.ended();
    if (ended !== undefined) {
      const tail = await writtenSince(logPath, logStart);
      throw new CommandFailedError(`the server did not start (${ended}):\n${tail}`);
    }
    const found = await findServing(dataDirectory, signal);
    if (found?.pid === starting.pid) return { ...found, logPath, isNew: true };
    await setTimeout(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  throw new CommandFailedError(
    `the server, process ${starting.pid}, is not ready after ${readyLimitMs / 1000} s; see ${logPath}`,
  );
}
