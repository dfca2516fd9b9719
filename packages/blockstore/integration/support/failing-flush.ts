import { type FileHandle, open } from 'node:fs/promises';
import { devNull } from 'node:os';
import { vi } from 'vitest';

/**
 * The next flush of a file fails as it does on a bad disk; those after it succeed, as on Linux, though
 * nothing more was written. Undone by `vi.restoreAllMocks`.
 */
export async function failNextFlush(): Promise<void> {
  const flush = await watchFlushes();
  flush.mockImplementationOnce(() => Promise.reject(ioError('fdatasync')));
}

/** As `failNextFlush`, but some flushes before it succeed. */
export async function failFlush(skipped: number): Promise<void> {
  const prototype = await fileHandlePrototype();
  const flushFile = prototype.datasync;
  let count = 0;
  vi.spyOn(prototype, 'datasync').mockImplementation(async function (this: FileHandle) {
    count += 1;
    if (count === skipped + 1) throw ioError('fdatasync');
    await flushFile.call(this);
  });
}

/**
 * A bad disk: each flush of a file for which `fails` returns true loses what was not flushed before, as Linux may, and
 * those after it succeed. fsync counts as fdatasync does: what either made durable is never lost.
 */
export async function loseUnflushed(fails: () => boolean): Promise<void> {
  const prototype = await fileHandlePrototype();
  const flushedSizes = new Map<string, number>();
  for (const call of ['datasync', 'sync'] as const) {
    const flush = prototype[call];
    vi.spyOn(prototype, call).mockImplementation(async function (this: FileHandle) {
      const stats = await this.stat({ bigint: true });
      if (!stats.isFile()) return flush.call(this);
      // The number of a removed file is used again.
      const file = `${stats.ino} ${stats.birthtimeNs}`;
      const size = Number(stats.size);
      if (fails()) {
        const kept = Math.min(size, flushedSizes.get(file) ?? 0);
        await this.write(Buffer.alloc(size - kept), 0, size - kept, kept);
        // It may have been cut, and grow again.
        flushedSizes.set(file, kept);
        throw ioError(`f${call}`);
      }
      await flush.call(this);
      flushedSizes.set(file, size);
    });
  }
}

/** The flush of a head's file succeeds, that of the folder which then has its name fails. */
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
