import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readyUrl } from '@bakehouse/testkit';

export const program = resolve(import.meta.dirname, '..', 'bin', 'bakehouse');

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A simulated platform in a folder of its own, and the command line beside it. */
export interface Platform extends AsyncDisposable {
  readonly data: string;
  readonly url: string;
  readonly pid: number;
  run(...args: string[]): Promise<Result>;
  /** Sends SIGTERM and returns the exit code. */
  terminate(): Promise<number | null>;
  /** Kills the server with SIGKILL. */
  kill(): Promise<void>;
  /** Starts the server again, on the same address and data. */
  startAgain(): Promise<void>;
}

/** Nothing of the developer's own settings reaches the tests. */
export function cleanEnvironment(data: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:AWS|BAKEHOUSE)_/.test(name));
  return { ...Object.fromEntries(own), BAKEHOUSE_DATA: data, NO_COLOR: '1' };
}

export function runProgram(
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string; readonly path?: string },
): Promise<Result> {
  const { env, cwd, path = program } = options;
  return new Promise((done) => {
    const settings = { env, timeout: 60_000, ...(cwd ? { cwd } : {}) };
    const child = execFile(path, args, settings, (_, stdout, stderr) => {
      done({ code: child.exitCode ?? -1, stdout, stderr });
    });
    child.stdin?.end();
  });
}

interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Sends the signal and returns the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  hasExited(): boolean;
}

async function startServer(
  env: NodeJS.ProcessEnv,
  args: readonly string[],
): Promise<ServerProcess> {
  const server = spawn(
    program,
    ['serve', '--compute', 'simulated', '--check-answers', 'on', ...args],
    {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const exited = once(server, 'exit');
  const url = await readyUrl(server);
  return {
    url,
    pid: server.pid ?? 0,
    hasExited: () => server.exitCode !== null || server.signalCode !== null,
    async end(signal) {
      server.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

export async function startPlatform(...serveArgs: string[]): Promise<Platform> {
  const data = await mkdtemp(join(tmpdir(), 'bakehouse-cli-'));
  const env = cleanEnvironment(data);
  let server = await startServer(env, ['--listen', '127.0.0.1:0', ...serveArgs]);
  const { url, pid } = server;
  return {
    data,
    url,
    pid,
    run: (...words) => runProgram(words, { env }),
    terminate: () => server.end('SIGTERM'),
    async kill() {
      await server.end('SIGKILL');
    },
    async startAgain() {
      server = await startServer(env, ['--listen', new URL(url).host, ...serveArgs]);
    },
    async [Symbol.asyncDispose]() {
      if (!server.hasExited()) await server.end('SIGTERM');
      // What it has in the host's runtime folder goes with it.
      await runProgram(['down', '--destroy', '--delete-data', '--yes'], { env });
      await rm(data, { recursive: true, force: true });
    },
  };
}
