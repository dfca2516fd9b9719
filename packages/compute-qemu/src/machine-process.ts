import { readFile, readlink, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '@bakehouse/base';
import { MachineUnresponsiveError } from './compute-errors.ts';
import { machineFileNames } from './machine-files.ts';

/**
 * The process id of the QEMU that runs in this folder. The pid file alone is not believed: the process must
 * be a QEMU and have the folder as its working directory, so that a number used again means nobody.
 */
export async function findMachineProcess(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, machineFileNames.pid), 'utf8').catch(() => '');
  const pid = Number(text.trim() || Number.NaN);
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return (await isMachineProcess(pid, folder)) ? pid : undefined;
}

/** True while this process lives and is the folder's QEMU. */
export async function isMachineProcess(pid: number, folder: string): Promise<boolean> {
  try {
    const [cwd, argv, here] = await Promise.all([
      readlink(`/proc/${pid}/cwd`),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      realpath(folder),
    ]);
    return cwd === here && basename(argv.split('\0')[0] ?? '').startsWith('qemu-system-');
  } catch {
    return false;
  }
}

/** Bytes of memory that the process has now; 0 when it is gone. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

export interface GoneOptions {
  /** Where it is QEMU: a process of the same number that is something else means that it is gone. */
  readonly folder: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Resolves when the process is gone (or was reaped by nobody yet); throws at the time limit. */
export async function untilGone(pid: number, options: GoneOptions): Promise<void> {
  const { folder, clock, timeoutMs } = options;
  const deadline = clock.elapsed() + timeoutMs;
  while (await isAlive(pid, folder)) {
    if (clock.elapsed() > deadline) {
      throw new MachineUnresponsiveError(
        `QEMU, process ${pid}, is still there ${timeoutMs} ms after it was to end`,
      );
    }
    await clock.sleep(10);
  }
}

/** Sends SIGKILL to the process, if it is there and still the folder's: its number may be another's since. */
export async function killProcess(pid: number, folder: string): Promise<void> {
  if ((await workingFolder(pid)) !== (await realpath(folder))) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** A zombie is dead. */
async function isAlive(pid: number, folder: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  if (state === '' || state === 'Z' || state === 'X') return false;
  const cwd = await workingFolder(pid);
  return cwd === undefined || cwd === (await realpath(folder));
}

function workingFolder(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined);
}
