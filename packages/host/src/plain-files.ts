import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from './files.ts';

/** A name in a jail's folder is not what the platform expects there. */
export class NotPlainError extends Error {
  override readonly name = 'NotPlainError';
}

/**
 * Opens a regular file in a folder where a jail may have made names. Never what a link leads to; never a pipe, whose
 * opening may not end. `flags` are `O_…` of `fs.constants`. Rejects with NotPlainError, or ENOENT.
 */
export async function openPlainFile(path: string, flags: number): Promise<FileHandle> {
  const { O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600).catch((error: unknown) => {
    if (isMissing(error)) throw error;
    throw new NotPlainError(`${path} cannot be opened as a regular file`, { cause: error });
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new NotPlainError(`${path} is not a regular file`);
}

/**
 * All of such a file; undefined when it does not exist. Rejects with NotPlainError, also for a file of more than
 * `bytesMax`.
 */
export async function readPlainFile(
  path: string,
  { bytesMax }: { readonly bytesMax: number },
): Promise<Buffer | undefined> {
  const file = await openPlainFile(path, constants.O_RDONLY).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (size > bytesMax) {
      throw new NotPlainError(`${path} has ${size} bytes, and at most ${bytesMax} are read`);
    }
    const buffer = Buffer.alloc(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await file.read(buffer, length, size - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}

/**
 * Rejects with NotPlainError unless all names in a jail's folder are root's, or are files and sockets that its user
 * was to make. To be called when the jail can make no more names there.
 */
export async function assertPlainNames(
  folder: string,
  { user, mayMake }: { readonly user: number; readonly mayMake: (name: string) => boolean },
): Promise<void> {
  for (const name of await readdir(folder)) {
    const found = await lstat(join(folder, name));
    const isAlone = found.nlink === 1 || found.isDirectory();
    const isExpected =
      found.uid === user ? mayMake(name) && (found.isFile() || found.isSocket()) : found.uid === 0;
    if (isAlone && isExpected) continue;
    throw new NotPlainError(
      `${join(folder, name)} is nothing that was to be made there: what runs in this jail may have been taken over`,
    );
  }
}
