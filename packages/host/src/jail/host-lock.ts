import { KeyedLock, secondMs, systemClock } from '@bakehouse/base';
import { tryFileLock } from '../file-lock.ts';
import { JailError } from './jail-error.ts';

/** Callers of this process take turns here, so that one of them at a time waits for other processes. */
const turns = new KeyedLock();
const retryMs = 5;
/** Work under the lock is a few calls to the file system. */
const waitMs = 30 * secondMs;

/**
 * Runs `work` while nothing else on this host runs work under the lock at `path`, an empty file that is made and
 * stays. Rejects with JailError after 30 s.
 */
export async function withHostLock<Result>(
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return await turns.run([path], async () => {
    using _ = await lockFile(path);
    return await work();
  });
}

async function lockFile(path: string): Promise<Disposable> {
  const deadline = systemClock.elapsed() + waitMs;
  for (;;) {
    const lock = tryFileLock(path);
    if (lock) return lock;
    if (systemClock.elapsed() >= deadline) {
      throw new JailError(
        `another process has had ${path} locked for ${waitMs / secondMs} s; find it: fuser -v ${path}`,
      );
    }
    await systemClock.sleep(retryMs);
  }
}
