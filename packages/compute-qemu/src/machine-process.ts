import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type HostProcess, readProcess, readTextIfExists } from '@bakehouse/host';
import { machineFileNames } from './machine-files.ts';

/**
 * The QEMU that runs in this folder; undefined when there is none. The pid file alone proves nothing, as a process
 * id may be in use again: the process must be a QEMU and have the folder as its working directory.
 */
export async function findMachineProcess(folder: string): Promise<HostProcess | undefined> {
  const text = await readTextIfExists(join(folder, machineFileNames.pid));
  const found = await readProcess(Number(text?.trim() || Number.NaN));
  if (found === undefined) return undefined;
  const isQemu = basename(found.argv[0] ?? '').startsWith('qemu-system-');
  return isQemu && found.cwd === (await realpath(folder)) ? found : undefined;
}
