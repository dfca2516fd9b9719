import { readFile, rm, writeFile } from 'node:fs/promises';

export class BakeRunningError extends Error {
  override readonly name = 'BakeRunningError';
}

/**
 * Takes the lock at `path`, or throws BakeRunningError with the holder's pid. A lock whose holder
 * has died, or whose pid is another process by now, is taken over.
 */
export async function takeBakeLock(path: string): Promise<AsyncDisposable> {
  const mine = `${process.pid} ${await startTimeOf(process.pid)}`;
  for (;;) {
    try {
      await writeFile(path, mine, { flag: 'wx', mode: 0o600 });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
    const holder = await readFile(path, 'utf8').catch(() => '');
    const [pid = '', startTime = ''] = holder.split(' ');
    if (startTime !== '' && (await startTimeOf(Number(pid))) === startTime) {
      throw new BakeRunningError(`Another bake is running (pid ${pid}); wait for it or end it`);
    }
    await rm(path, { force: true });
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/** Field 22 of /proc/PID/stat: with the pid it names one process. Empty when there is none. */
async function startTimeOf(pid: number): Promise<string> {
  if (!Number.isInteger(pid) || pid <= 0) return '';
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
