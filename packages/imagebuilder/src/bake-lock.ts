import { rm, writeFile } from 'node:fs/promises';
import { hasCode, ownStamp, readTextIfExists, stampedProcess } from '@bakehouse/host';

export class BakeRunningError extends Error {
  override readonly name = 'BakeRunningError';
}

/**
 * Takes the lock at `path`, or throws BakeRunningError with the holder's pid. The lock of a process that has ended
 * is taken over.
 */
export async function takeBakeLock(path: string): Promise<AsyncDisposable> {
  const own = await ownStamp();
  for (;;) {
    try {
      await writeFile(path, own, { flag: 'wx', mode: 0o600 });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const holder = await stampedProcess((await readTextIfExists(path)) ?? '');
    if (holder !== undefined) {
      throw new BakeRunningError(
        `another bake is running (process ${holder.pid}); wait until it ends, or end it`,
      );
    }
    await rm(path, { force: true });
  }
}
