import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type HostProcess,
  isJailRecorded,
  jailedProcess,
  readProcess,
  readTextIfExists,
  statIfExists,
} from '@bakehouse/host';
import { machineFileNames } from './machine-files.ts';

/**
 * The QEMU that runs in this folder; undefined when there is none. A recorded id alone proves nothing, as a process
 * id may be in use again. A machine in a jail is known by its user, which is the folder's group: a guest that has
 * taken its QEMU over can change the program's name and leave the folder.
 */
export async function findMachineProcess(folder: string): Promise<HostProcess | undefined> {
  const infoPath = join(folder, machineFileNames.jail);
  if (!(await isJailRecorded(infoPath))) return await findUnjailed(folder);
  const user = (await statIfExists(folder))?.gid ?? 0;
  return user === 0 ? undefined : await jailedProcess(infoPath, user);
}

/** A machine of a release without jails: the QEMU of its own pid file, with the folder as its working directory. */
async function findUnjailed(folder: string): Promise<HostProcess | undefined> {
  const found = await readProcess(await ownPid(folder));
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
