import { spawn } from 'node:child_process';
import { mkdir, open, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { secondMs, systemClock } from '@bakehouse/base';
import { type Endpoint, findEndpoint } from '../client/connection.ts';
import { fetchHealth } from '../client/health.ts';
import { CommandFailedError } from '../command.ts';
import { lastProblem, lastWords } from './server-log.ts';

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
  /** Called with each new problem that keeps the server from its work, as its log has it. */
  readonly onProblem: (problem: string) => void;
}

/** The first start probes KVM, makes the network and starts helpers; on a slow machine that takes a while. */
const readyLimitMs = 180 * secondMs;
const pollMs = 100;
/** As long as `bakehouse down` waits before it kills the server. */
const endGraceMs = 60 * secondMs;

interface Serving extends Endpoint {
  /** False while the host is put in order behind the API. */
  readonly isReady: boolean;
}

/** The server that serves this folder now: another's health at the same address does not count. */
async function findServing(
  dataDirectory: string,
  signal: AbortSignal,
): Promise<Serving | undefined> {
  const endpoint = await findEndpoint(dataDirectory);
  if (!endpoint) return undefined;
  const health = await fetchHealth(endpoint.url, signal).catch(() => undefined);
  signal.throwIfAborted();
  const root = await realpath(dataDirectory);
  if (health?.pid !== endpoint.pid || health.store.directory !== root) return undefined;
  return { ...endpoint, isReady: health.status !== 'starting' };
}

interface Starting {
  readonly pid: number;
  /** How it ended, once it has. */
  readonly ended: () => string | undefined;
  /** Ends it as `bakehouse down` does. Absent when another command started it, whose server it is. */
  readonly end?: () => Promise<void>;
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
    const { pid = 0 } = child;
    return { pid, ended: () => ended, end: () => endServer(pid) };
  } finally {
    await log.close();
  }
}

async function endServer(pid: number): Promise<void> {
  const { endProcess, findProcess } = await import('@bakehouse/host');
  const server = await findProcess(pid);
  if (!server) return;
  await endProcess(server, { what: 'server', clock: systemClock, graceMs: endGraceMs });
}

/** Another command started it, or an operator. */
const startingElsewhere = (pid: number): Starting => ({
  pid,
  ended: () => (isRunning(pid) ? undefined : 'it ended'),
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process is another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

interface Log {
  readonly path: string;
  /** Where this start begins in it. */
  readonly start: number;
}

async function openLog(path: string): Promise<Log> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const start = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  return { path, start };
}

interface Wait extends ServerRequest {
  readonly starting: Starting;
  readonly log: Log;
}

/**
 * The server that is ready. When the time is over, the one that starts, if it was seen serving the folder. Rejects when it
 * ends, and when `signal` is aborted.
 */
async function untilReady(
  { dataDirectory, starting, log, onProblem }: Wait,
  signal: AbortSignal,
): Promise<Serving | undefined> {
  let shown: string | undefined;
  let own: Serving | undefined;
  for (const until = Date.now() + readyLimitMs; ; ) {
    const ended = starting.ended();
    const found = await findServing(dataDirectory, signal);
    const isOwn = found?.pid === starting.pid;
    if (isOwn) own = found;
    // One that ends may have met a server that the first look had missed.
    if (found?.isReady && (isOwn || ended !== undefined)) return found;
    if (ended !== undefined) {
      const tail = await lastWords(log.path, log.start);
      throw new CommandFailedError(`the server did not start (${ended}):\n${tail}`);
    }
    // The last look may fail on a busy host.
    if (Date.now() > until) return own;
    const problem = await lastProblem(log.path, log.start);
    if (problem !== undefined && problem !== shown) onProblem(problem);
    shown = problem;
    await setTimeout(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** The failure of a start that took too long, with the last error that the server logged. */
async function tooLate(
  { starting: { pid }, log }: Wait,
  outcome: 'goes on' | 'was ended',
): Promise<Error> {
  const problem = await lastProblem(log.path, log.start);
  const why = problem === undefined ? '' : `its last error: ${problem}; `;
  return new CommandFailedError(
    `the server, process ${pid}, was not ready after ${readyLimitMs / secondMs} s, and ${outcome}; ${why}see ${log.path}`,
  );
}

async function endStarted({ starting, onProgress }: Wait): Promise<void> {
  if (!starting.end || starting.ended() !== undefined) return;
  onProgress(`ending the server, process ${starting.pid}`);
  await starting.end();
}

/**
 * The server that is ready. When the time is over, one that serves its folder is kept: it has come far, `status` and `down`
 * find it, and the next call goes on waiting for it.
 */
async function readyOrEnded(wait: Wait, signal: AbortSignal): Promise<Serving> {
  const found = await untilReady(wait, signal).catch(async (error: unknown) => {
    await endStarted(wait);
    throw error;
  });
  if (found?.isReady) return found;
  const isKept = found !== undefined || !wait.starting.end;
  if (!isKept) await endStarted(wait);
  throw await tooLate(wait, isKept ? 'goes on' : 'was ended');
}

/**
 * Finds the server of the data folder, or starts one in the background, and waits until it is ready. When `signal` is
 * aborted before, a server that was started here ends, and so does one that does not serve the folder in time.
 */
export async function ensureServer(
  request: ServerRequest,
  signal: AbortSignal,
): Promise<FoundServer> {
  const { dataDirectory, args, onProgress } = request;
  const logPath = join(dataDirectory, 'logs', 'server.log');
  const running = await findServing(dataDirectory, signal);
  if (running?.isReady) return { ...running, logPath, isNew: false };
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const log = await openLog(logPath);
  const starting = running
    ? startingElsewhere(running.pid)
    : await startServer(logPath, ['--data', dataDirectory, ...args]);
  onProgress(`starting, its log is ${logPath}`);
  const found = await readyOrEnded({ ...request, starting, log }, signal);
  return { ...found, logPath, isNew: found.pid === starting.pid && !running };
}
