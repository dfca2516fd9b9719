import { constants, createReadStream, createWriteStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { MiB } from '@bakehouse/base';
import { syncPath } from '@bakehouse/host';

/** Copies a file, which takes no time where the file system shares blocks, and no longer than until the signal elsewhere. */
export async function copyMemory(from: string, to: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
  } catch (error) {
    if (!isNotShared(error)) throw error;
    const chunks = { highWaterMark: MiB };
    const target = createWriteStream(to, { ...chunks, mode: 0o600 });
    await pipeline(createReadStream(from, chunks), target, { signal });
  }
  await syncPath(to);
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
