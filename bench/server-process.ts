import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readyUrl } from '@bakehouse/testkit';

export interface ServerProcess extends AsyncDisposable {
  readonly endpoint: string;
  readonly pid: number;
  readonly dataDirectory: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const program = join(import.meta.dirname, '..', 'apps', 'server', 'src', 'start.ts');

const exited = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    if (child.exitCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

/** A server with a data folder of its own; both are removed when it is disposed. `onLog` gets what it logs. */
export async function startServer(
  args: readonly string[],
  data?: string,
  onLog?: (text: string) => void,
): Promise<ServerProcess> {
  const dataDirectory = data ?? (await mkdtemp(join(tmpdir(), 'bakehouse-bench-')));
  const child = spawn(
    process.execPath,
    [program, '--data', dataDirectory, '--listen', '127.0.0.1:0', '--log-level', 'warn', ...args],
    { stdio: ['ignore', 'pipe', onLog ? 'pipe' : 'inherit'] },
  );
  if (onLog) child.stderr?.setEncoding('utf8').on('data', onLog);
  const endpoint = await readyUrl(child);
  const profile = await readFile(join(dataDirectory, 'credentials'), 'utf8');
  const value = (name: string) => new RegExp(`^${name} = (.+)$`, 'm').exec(profile)?.[1] ?? '';
  return {
    endpoint,
    dataDirectory,
    pid: child.pid ?? 0,
    accessKeyId: value('aws_access_key_id'),
    secretAccessKey: value('aws_secret_access_key'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited(child);
      if (data === undefined) await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** Resident memory of a process, in MiB. */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

const clockTicksPerSecond = 100;

/** User and system time that a process has used, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
}
