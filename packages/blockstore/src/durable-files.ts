import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StoreFullError } from './store-errors.ts';

const fullCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/** Gives "no space" errors of the file system their meaning; other errors stay as they are. */
export function storeError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return fullCodes.includes(code) ? new StoreFullError(path, { cause: error }) : error;
}

/** Makes names that were created, renamed or removed in the folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Puts a whole file in place so that after a crash there is either all of it or what was there before.
 * Throws StoreFullError and leaves nothing behind when there is no room.
 */
export async function writeDurably(file: {
  readonly tmpPath: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}): Promise<void> {
  try {
    const handle = await open(file.tmpPath, 'w', 0o600);
    try {
      await handle.writeFile(file.bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(file.tmpPath, file.path);
    await syncFolder(dirname(file.path));
  } catch (error) {
    await rm(file.tmpPath, { force: true });
    throw storeError(error, file.path);
  }
}
