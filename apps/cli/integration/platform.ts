import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const program = resolve(import.meta.dirname, '..', 'bin', 'bakehouse');

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
  /** Sends SIGTERM and answers the exit code. */
  terminate(): Promise<number | null>;
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

export async function startPlatform(...serveArgs: string[]): Promise<Platform> {
  const data = await mkdtemp(join(tmpdir(), 'bakehouse-cli-'));
  const env = cleanEnvironment(data);
  const args = ['serve', '--compute', 'simulated', '--listen', '127.0.0.1:0', ...serveArgs];
  const server = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(server, 'exit');
  const firstLine = once(createInterface(server.stdout), 'line');
  const [line] = await Promise.race([firstLine, exited.then(([code]) => [`exit ${code}`])]);
  const url = /^bakehouse ready (http:\S+)$/.exec(String(line))?.[1];
  if (url === undefined) throw new Error(`the server said: ${line}`);
  const terminate = async () => {
    server.kill('SIGTERM');
    const [code] = await exited;
    return code;
  };
  return {
    data,
    url,
    pid: server.pid ?? 0,
    run: (...words) => runProgram(words, { env }),
    terminate,
    async [Symbol.asyncDispose]() {
      if (server.exitCode === null) await terminate();
      // What it has in the host's runtime folder goes with it.
      await runProgram(['down', '--destroy', '--delete-data', '--yes'], { env });
      await rm(data, { recursive: true, force: true });
    },
  };
}
