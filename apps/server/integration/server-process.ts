import { type ExecFileException, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import { imageSeed, readyUrl } from '@bakehouse/testkit';

const program = join(import.meta.dirname, '../src/start.ts');

/** A server in a process of its own, without guests, in a data folder of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly data: string;
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
  /** SIGKILL. The folder stays. */
  kill(): Promise<void>;
}

export async function startSimulated(...flags: string[]): Promise<ServerProcess> {
  return serveFolder(await mkdtemp(join(tmpdir(), 'bakehouse-server-')), ...flags);
}

/** The same in a folder that an earlier server had. */
export async function serveFolder(data: string, ...flags: string[]): Promise<ServerProcess> {
  const always = ['--data', data, '--listen', '127.0.0.1:0', '--compute', 'simulated'];
  const child = spawn(process.execPath, [program, ...always, '--log-level', 'error', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const url = await readyUrl(child);
  return {
    url,
    pid: child.pid ?? 0,
    data,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The same with one public image. */
export async function startWithImage(imageId: string, ...flags: string[]): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-seed-'));
  const seedPath = join(folder, 'images.json');
  await writeFile(seedPath, imageSeed(imageId));
  try {
    return await startSimulated('--seed', seedPath, ...flags);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The keys of the first account. */
export async function credentialsOf({ data }: ServerProcess) {
  const text = await readFile(join(data, 'credentials'), 'utf8');
  const member = (name: string) => new RegExp(`^${name} = (.*)$`, 'm').exec(text)?.[1] ?? '';
  return {
    accessKeyId: member('aws_access_key_id'),
    secretAccessKey: member('aws_secret_access_key'),
  };
}

/** The SDK's client, to read what another client made. */
export async function sdkClient(server: ServerProcess): Promise<EC2Client> {
  const credentials = await credentialsOf(server);
  return new EC2Client({ endpoint: server.url, region: 'us-east-1', credentials });
}

/** How the first account's tools reach the server; nothing of the developer's own settings. */
export function clientEnvironment({ data }: ServerProcess): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/bin:/bin',
    HOME: data,
    AWS_SHARED_CREDENTIALS_FILE: join(data, 'credentials'),
    AWS_PROFILE: 'bakehouse',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  };
}

export interface Outcome {
  /** Negative when the program was not started, or did not end by itself. */
  readonly code: number;
  readonly stdout: string;
  /** Ends with the reason for a negative code. */
  readonly stderr: string;
}

export interface ClientOptions {
  /** Variables beside those of `clientEnvironment`. */
  readonly env?: NodeJS.ProcessEnv;
  /** What the program reads from its standard input. */
  readonly input?: string;
  /** For hangs only; a minute unless said otherwise. */
  readonly limitMs?: number;
}

/** Runs a program to its end. */
export function runClient(
  server: ServerProcess,
  [program = '', ...args]: readonly string[],
  { env, input = '', limitMs = 60_000 }: ClientOptions = {},
): Promise<Outcome> {
  const options = { env: { ...clientEnvironment(server), ...env }, timeout: limitMs };
  return new Promise((resolve) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const reason = reasonWithoutCode(error, limitMs);
      resolve({ code: child.exitCode ?? -1, stdout, stderr: `${stderr}${reason}` });
    });
    // A program that ends before it has read its input says why itself.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** Nothing when the program ended by itself. */
function reasonWithoutCode(error: ExecFileException | null, limitMs: number): string {
  if (error === null || typeof error.code === 'number') return '';
  if (error.killed) return `killed after ${limitMs} ms`;
  return error.signal ? `ended by ${error.signal}` : error.message;
}

/** Runs a program that must succeed; its output. */
export async function outputOf(
  server: ServerProcess,
  command: readonly string[],
  options?: ClientOptions,
): Promise<string> {
  const { code, stdout, stderr } = await runClient(server, command, options);
  if (code !== 0) throw new Error(`${command.join(' ')} failed (${code}): ${stdout}${stderr}`);
  return stdout;
}

/** Debian's AWS CLI, which knows of no endpoint but the one that it is given. */
export const awsCli = (server: ServerProcess, ...args: string[]): Promise<Outcome> =>
  runClient(server, ['/usr/bin/aws', '--endpoint-url', server.url, '--output', 'json', ...args]);
