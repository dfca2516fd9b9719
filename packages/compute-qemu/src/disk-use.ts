import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineFile } from '@bakehouse/domain';
import { readFolderIfExists } from '@bakehouse/host';

/** `st_blocks` of stat(2) counts these, whatever the file system's own blocks are. */
const statBlockBytes = 512;

/** The files in a folder, with what they take of their file system. */
export async function filesIn(folder: string): Promise<readonly MachineFile[]> {
  const files: MachineFile[] = [];
  for (const name of await readFolderIfExists(folder)) {
    // One may be removed meanwhile.
    const found = await lstat(join(folder, name)).catch(() => undefined);
    if (found === undefined) continue;
    files.push({ device: found.dev, inode: found.ino, bytes: found.blocks * statBlockBytes });
  }
  return files;
}
