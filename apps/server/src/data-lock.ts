import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { UsageError } from './config.ts';

/** The boot id and start time tell a process from a later one with the same number. */
async function processStamp(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${pid} ${started} ${boot.trim()}`;
  } catch {
    return undefined;
  }
}

/** The process that has the lock; undefined for a lock that a killed server left. */
export async function holderOf(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const pid = Number(text.split(' ')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return (await processStamp(pid)) === text.trim() ? pid : undefined;
}

/**
 * Makes this process the only server of a data folder until it is disposed or the process ends. A lock left
 * by a killed server is taken over.
 */
export async function lockData(path: string, root: string): Promise<AsyncDisposable> {
  const stamp = (await processStamp(process.pid)) ?? `${process.pid}`;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(stamp);
      await file.close();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await holderOf(path);
    if (holder !== undefined) {
      throw new UsageError(
        `the data folder ${root} is served by process ${holder} already; stop that one or use another --data folder`,
      );
    }
    await rm(path, { force: true });
  }
  throw new UsageError(`the lock ${path} is being fought over; is another server starting?`);
}

export async function writeEndpoint(path: string, endpoint: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(endpoint)}\n`, { mode: 0o600 });
}
