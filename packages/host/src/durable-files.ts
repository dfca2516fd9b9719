import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from './files.ts';

/**
 * Replaces a file: after a crash or a power failure it has either the old content or the new. Mode 0600. When the
 * write fails, for example on a full disk, the old content stays and the temporary file is removed. `temporary`
 * must be in the same folder.
 */
export async function writeFileDurably(
  path: string,
  content: string | Uint8Array,
  temporary = `${path}.tmp`,
): Promise<void> {
  try {
    const file = await openNew(temporary);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncPath(dirname(path));
}

/** What an earlier write left is removed, and a link is not followed: the folder may be one where a jail makes names. */
async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    await rm(path, { force: true });
    return await open(path, 'wx', 0o600);
  }
}

/** Flushes a file, or the names in a folder (what was created, renamed or removed there). */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
