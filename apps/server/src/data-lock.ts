import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
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

const read = (path: string) => readFile(path, 'utf8').catch(() => undefined);

/** The process that a stamp speaks of, while it lives. */
async function livingPid(stamp: string): Promise<number | undefined> {
  const pid = Number(stamp.split(' ')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return (await processStamp(pid)) === stamp ? pid : undefined;
}

/** The process that serves the folder of this lock; undefined when none does. */
export async function holderOf(path: string): Promise<number | undefined> {
  const stamp = await read(path);
  return stamp === undefined ? undefined : await livingPid(stamp.trim());
}

/** The lock appears whole or not at all: a file with the stamp is linked to its name. */
async function tryTake(path: string, stamp: string): Promise<boolean> {
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, stamp, { mode: 0o600 });
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/** Moves a dead server's lock away; one that was taken anew in between is put back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await read(aside)) !== stale) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

const triesMax = 20;

/**
 * Makes this process the only server of a data folder until it is disposed or the process ends. A lock left
 * by a killed server is taken over.
 */
export async function lockData(path: string, root: string): Promise<AsyncDisposable> {
  const stamp = (await processStamp(process.pid)) ?? `${process.pid}`;
  for (let attempt = 0; attempt < triesMax; attempt += 1) {
    if (await tryTake(path, stamp)) {
      return {
        async [Symbol.asyncDispose]() {
          if ((await read(path)) === stamp) await rm(path, { force: true });
        },
      };
    }
    const found = await read(path);
    if (found === undefined) continue;
    const holder = await livingPid(found.trim());
    if (holder !== undefined) {
      throw new UsageError(
        `the data folder ${root} is served by process ${holder} already; stop that one or use another --data folder`,
      );
    }
    await removeStale(path, found);
  }
  throw new UsageError(`the lock ${path} is being fought over; is another server starting?`);
}

export async function writeEndpoint(path: string, endpoint: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(endpoint)}\n`, { mode: 0o600 });
}
