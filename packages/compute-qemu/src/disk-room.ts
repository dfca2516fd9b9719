import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { QmpClient } from '@bakehouse/qmp';
import { listBlockNodes } from './list-block-nodes.ts';

/**
 * True when every file system that holds a disk of the machine has this many bytes free. QEMU tells relative
 * paths of files in the machine's folder.
 */
export async function hasRoomForDisks(
  client: QmpClient,
  folder: string,
  bytesNeeded: number,
): Promise<boolean> {
  const nodes = await listBlockNodes(client);
  const files = nodes.filter(({ driver }) => driver === 'file').map(({ file }) => file);
  for (const file of files) {
    const { bavail, bsize } = await statfs(resolve(folder, file));
    if (bavail * bsize < bytesNeeded) return false;
  }
  return true;
}
