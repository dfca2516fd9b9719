import { type FileHandle, open } from 'node:fs/promises';
import { devNull } from 'node:os';
import { vi } from 'vitest';

/**
 * The next flush of a file fails as it does when a disk is ill; those after it succeed, as Linux has it, though
 * nothing more was written. Undone by `vi.restoreAllMocks`.
 */
export async function failNextFlush(): Promise<void> {
  const flush = await watchFlushes();
  flush.mockImplementationOnce(() => Promise.reject(ioError('fdatasync')));
}

/**
 * An ill disk: each flush of which `fails` says so loses what was not flushed before, as Linux may, and those
 * after it succeed.
 */
export async function loseUnflushed(fails: () => boolean): Promise<void> {
  const prototype = await fileHandlePrototype();
  const flushFile = prototype.datasync;
  const flushedSizes = new Map<number, number>();
  vi.spyOn(prototype, 'datasync').mockImplementation(async function (this: FileHandle) {
    const { ino, size } = await this.stat();
    if (fails()) {
      const lost = Buffer.alloc(Math.max(0, size - (flushedSizes.get(ino) ?? 0)));
      await this.write(lost, 0, lost.length, size - lost.length);
      throw ioError('fdatasync');
    }
    await flushFile.call(this);
    flushedSizes.set(ino, size);
  });
}

/** The flush of a map's file succeeds, that of the folder which then has its name fails. */
export async function failNextFolderSync(): Promise<void> {
  const prototype = await fileHandlePrototype();
  const syncFile = prototype.sync;
  vi.spyOn(prototype, 'sync')
    .mockImplementationOnce(syncFile)
    .mockImplementationOnce(() => Promise.reject(ioError('fsync')));
}

/** Every flush of every file of this process. */
export async function watchFlushes() {
  return vi.spyOn(await fileHandlePrototype(), 'datasync');
}

function ioError(call: string): Error {
  return Object.assign(new Error(`EIO: i/o error, ${call}`), { code: 'EIO' });
}

async function fileHandlePrototype(): Promise<Pick<FileHandle, 'datasync' | 'sync'>> {
  await using file = await open(devNull);
  return Object.getPrototypeOf(file);
}
