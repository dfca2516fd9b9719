import { constants, createReadStream, createWriteStream } from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { MiB } from '@bakehouse/base';

/**
 * Copies a file, or replaces one, with mode 0600. It takes no time where the file system shares blocks; elsewhere it ends
 * with the signal, and leaves a part. What is copied is not flushed.
 */
export async function copyLargeFile(
  from: string,
  to: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
  } catch (error) {
    if (!isNotShared(error)) throw error;
    const chunks = { highWaterMark: MiB };
    await pipeline(createReadStream(from, chunks), createWriteStream(to, chunks), { signal });
  }
  await chmod(to, 0o600);
}

const notShared: readonly unknown[] = [
  'ENOTSUP',
  'EOPNOTSUPP',
  'EXDEV',
  'ENOSYS',
  'ENOTTY',
  'EINVAL',
];

const isNotShared = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && notShared.includes(error.code);

export const isDiskFull = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
