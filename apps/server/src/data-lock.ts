import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { UsageError } from './config.ts';
import type { DataDirectory } from './data-directory.ts';

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

/** The process that serves the folder with this stamp; undefined when none does. */
export async function holderOf(path: string): Promise<number | undefined> {
  const stamp = await read(path);
  return stamp === undefined ? undefined : await livingPid(stamp.trim());
}

/** SQLite's SQLITE_BUSY: another process has the lock. */
const busyCode = 5;

/**
 * An exclusive lock of SQLite's on a file of its own, which the kernel ends with the process: so there is no stale
 * one to take over. Undefined when another has it.
 */
function tryLock(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === busyCode)
      return undefined;
    throw error;
  }
}

/** A holder writes its stamp just after it has the lock. */
const stampLimitMs = 2000;
const pollMs = 20;

async function refuse({ lock, root }: LockNames): Promise<never> {
  let pid: number | undefined;
  for (const endsAt = Date.now() + stampLimitMs; Date.now() < endsAt; await setTimeout(pollMs)) {
    pid = await holderOf(lock);
    if (pid !== undefined) break;
  }
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  throw new UsageError(
    `the data folder ${root} is served by ${holder} already; stop that one or use another --data folder`,
  );
}

type LockNames = Pick<DataDirectory, 'lock' | 'lockDatabase' | 'root'>;

/** Makes this process the only server of a data folder until it is disposed or the process ends. */
export async function lockData(names: LockNames): Promise<AsyncDisposable> {
  const { lock, lockDatabase } = names;
  const database = tryLock(lockDatabase);
  if (!database) return await refuse(names);
  // By its name: to open and close it again would end the lock.
  await chmod(lockDatabase, 0o600);
  const stamp = (await processStamp(process.pid)) ?? `${process.pid}`;
  // By a rename, so that whoever is refused reads all of it.
  const aside = `${lock}.new`;
  await writeFile(aside, stamp, { mode: 0o600 });
  await rename(aside, lock);
  return {
    async [Symbol.asyncDispose]() {
      await rm(lock, { force: true });
      database.close();
    },
  };
}

export async function writeEndpoint(path: string, endpoint: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(endpoint)}\n`, { mode: 0o600 });
}
