import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFolderIfExists } from '@bakehouse/host';

/** `st_blocks` of stat(2) counts these, whatever the file system's own blocks are. */
const statBlockBytes = 512;

/** What the files in a folder take of their file system. */
export async function bytesOfFiles(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readFolderIfExists(folder)) {
    // One may be removed meanwhile.
    const file = await lstat(join(folder, name)).catch(() => undefined);
    bytes += (file?.blocks ?? 0) * statBlockBytes;
  }
  return bytes;
}
