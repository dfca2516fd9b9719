import { chmod, chown, lstat, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineSpec } from '@bakehouse/domain';
import { folderModeAtStart } from './begin-guest.ts';
import { removeEphemeralDisks } from './conclude-machine.ts';
import { boundConsoleLog } from './console-log.ts';
import { ephemeralDiskName, isNameOfQemu, machineFileNames } from './machine-files.ts';

export interface FolderOptions {
  readonly spec: MachineSpec;
  /** The machine's user and group. */
  readonly user: number;
  readonly serialBytesMax: number;
}

/**
 * Removes what an earlier run left, and makes the files that QEMU will write, for its user. What is no
 * regular file goes, too: a machine that was taken over before its guest began may have left it.
 */
export async function prepareMachineFolder(
  folder: string,
  { spec, user, serialBytesMax }: FolderOptions,
): Promise<void> {
  const { jail, pid, monitor, disksMonitor, shutdowns, killed, hold, serial } = machineFileNames;
  for (const name of [jail, pid, monitor, disksMonitor, shutdowns, killed, hold]) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
  await removeUnexpected(folder);
  await boundConsoleLog(folder, serialBytesMax);
  await removeEphemeralDisks(folder);
  for (const name of [serial, shutdowns]) await makeFile(join(folder, name), { user });
  for (const [index, { sizeBytes }] of spec.ephemeralDisks.entries()) {
    await makeFile(join(folder, ephemeralDiskName(index)), { user, sizeBytes });
  }
  await chown(folder, 0, user);
  await chmod(folder, folderModeAtStart);
}

async function removeUnexpected(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await lstat(path);
    const isRoots = found.uid === 0 && found.nlink === 1;
    if (!found.isFile() || (!isRoots && !isNameOfQemu(name))) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** Keeps what is in the file. */
async function makeFile(
  path: string,
  { user, sizeBytes }: { readonly user: number; readonly sizeBytes?: number },
): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    await file.chown(user, user);
    if (sizeBytes !== undefined) await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
}
