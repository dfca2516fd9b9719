import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import {
  type HostProcess,
  ownStamp,
  readTextIfExists,
  stampedProcess,
  tryFileLock,
  writeFileDurably,
} from '@bakehouse/host';
import { UsageError } from './config.ts';
import type { DataDirectory } from './data-directory.ts';

/** The process that serves the folder with this lock file; undefined when none does. */
export async function holderOf(path: string): Promise<HostProcess | undefined> {
  const stamp = await readTextIfExists(path);
  return stamp === undefined ? undefined : await stampedProcess(stamp);
}

/** SQLite's SQLITE_CANTOPEN. */
const noOpenCode = 14;

/** Released with the process, so there is no stale lock to take over. Undefined when another process has it. */
function tryLock({ lockDatabase, root }: LockNames): Disposable | undefined {
  try {
    return tryFileLock(lockDatabase);
  } catch (cause) {
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === noOpenCode))
      throw cause;
    throw new UsageError(
      `the data folder ${root} cannot be locked (${lockDatabase}: ${cause.message}); it was removed, or belongs to another user: start again, or use another --data folder`,
      { cause },
    );
  }
}

/** A holder writes its stamp just after it has taken the lock. */
const stampLimitMs = 2000;
const pollMs = 20;

async function refuse({ lock, root }: LockNames): Promise<never> {
  let holder: HostProcess | undefined;
  for (const endsAt = Date.now() + stampLimitMs; Date.now() < endsAt; await setTimeout(pollMs)) {
    holder = await holderOf(lock);
    if (holder !== undefined) break;
  }
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
  throw new UsageError(
    `the data folder ${root} is served by ${who} already; stop that one or use another --data folder`,
  );
}

type LockNames = Pick<DataDirectory, 'lock' | 'lockDatabase' | 'root'>;

/** Makes this process the only server of a data folder, until it is disposed of or the process ends. */
export async function lockData(names: LockNames): Promise<AsyncDisposable> {
  const held = tryLock(names);
  return held ? await locked(names, held) : await refuse(names);
}

/** Does this while no server has the folder, and none gets it; undefined when one has it. Writes nothing there. */
export async function whileFree<Result>(
  names: LockNames,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  using held = tryLock(names);
  return held && (await work());
}

const retryMs = 200;

/**
 * Like `lockData`, but waits while another process has the folder. `onWait` is called once when it has to, with that
 * process where it is known. Rejects with the signal's reason.
 */
export async function lockDataWhenFree(
  names: LockNames,
  signal: AbortSignal,
  onWait: (holder?: HostProcess) => void,
): Promise<AsyncDisposable> {
  for (let hasWaited = false; ; hasWaited = true) {
    signal.throwIfAborted();
    const held = tryLock(names);
    if (held) return await locked(names, held);
    if (!hasWaited) onWait(await holderOf(names.lock));
    await setTimeout(retryMs, undefined, { signal }).catch(() => {});
  }
}

async function locked(
  { lock, lockDatabase }: LockNames,
  held: Disposable,
): Promise<AsyncDisposable> {
  // By its name: opening and closing the file again would release the lock.
  await chmod(lockDatabase, 0o600);
  // By a rename, so whoever is refused reads all of it.
  const unfinished = `${lock}.new`;
  await writeFile(unfinished, await ownStamp(), { mode: 0o600 });
  await rename(unfinished, lock);
  return {
    async [Symbol.asyncDispose]() {
      await rm(lock, { force: true });
      held[Symbol.dispose]();
    },
  };
}

/** Commands read it at any time, so it is always whole. */
export async function writeEndpoint(path: string, endpoint: object): Promise<void> {
  await writeFileDurably(path, `${JSON.stringify(endpoint)}\n`);
}
