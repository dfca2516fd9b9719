import { DatabaseSync } from 'node:sqlite';
import { KeyedLock, secondMs, systemClock } from '@bakehouse/base';
import { JailError } from './jail-error.ts';

/** Callers of this process take turns here, so that one of them at a time waits for other processes. */
const turns = new KeyedLock();
const retryMs = 5;
/** Work under the lock is a few calls to the file system. */
const waitMs = 30 * secondMs;
/** SQLITE_BUSY. */
const busyCode = 5;

/**
 * Runs `work` while nothing else on this host runs work under the lock at `path`, an empty file that is made and
 * stays. Rejects with JailError after 30 s. Node has no flock, but SQLite locks files, and the kernel frees the lock
 * of a process that is killed.
 */
export async function withHostLock<Result>(
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return await turns.run([path], async () => {
    const database = await lockFile(path);
    try {
      return await work();
    } finally {
      database.close();
    }
  });
}

async function lockFile(path: string): Promise<DatabaseSync> {
  const deadline = systemClock.elapsed() + waitMs;
  for (;;) {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return database;
    } catch (error) {
      database.close();
      if (!isBusy(error)) throw error;
    }
    if (systemClock.elapsed() >= deadline) {
      throw new JailError(
        `another process has had ${path} locked for ${waitMs / secondMs} s; find it: fuser -v ${path}`,
      );
    }
    await systemClock.sleep(retryMs);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === busyCode;
}
