import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type HostProcess, jailedPid, readProcess, readTextIfExists } from '@bakehouse/host';
import { machineFileNames } from './machine-files.ts';

/**
 * The QEMU that runs in this folder; undefined when there is none. A recorded id alone proves nothing, as a process
 * id may be in use again: the process must be a QEMU and have the folder as its working directory. A machine of a
 * release without jails is found by QEMU's own pid file.
 */
export async function findMachineProcess(folder: string): Promise<HostProcess | undefined> {
  const pid = (await jailedPid(join(folder, machineFileNames.jail))) ?? (await ownPid(folder));
  const found = await readProcess(pid);
  if (found === undefined) return undefined;
  const isQemu = basename(found.argv[0] ?? '').startsWith('qemu-system-');
  return isQemu && (await worksIn(folder, found)) ? found : undefined;
}

async function ownPid(folder: string): Promise<number> {
  const text = await readTextIfExists(join(folder, machineFileNames.pid));
  return Number(text?.trim() || Number.NaN);
}

/** The path that the kernel shows is the process's own name for the folder, so the folders are compared. */
async function worksIn(folder: string, { pid }: HostProcess): Promise<boolean> {
  const [wanted, found] = await Promise.all([
    stat(folder),
    stat(`/proc/${pid}/cwd`).catch(() => undefined),
  ]);
  return found !== undefined && found.dev === wanted.dev && found.ino === wanted.ino;
}
