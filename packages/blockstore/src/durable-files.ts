import { writeFileDurably } from '@bakehouse/base';
import { StoreFullError } from './store-errors.ts';

const fullCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/** Gives "no space" errors of the file system their meaning; other errors stay as they are. */
export function storeError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return fullCodes.includes(code) ? new StoreFullError(path, { cause: error }) : error;
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
  const { tmpPath, path, bytes } = file;
  await writeFileDurably(path, bytes, tmpPath).catch((error: unknown) => {
    throw storeError(error, path);
  });
}
