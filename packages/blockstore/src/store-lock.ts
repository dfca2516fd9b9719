import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { DataDirectory } from './data-directory.ts';
import { StoreLockedError } from './store-errors.ts';

/** Ownership of a store's folder by one process. */
export interface StoreLock {
  release(): void;
}

/**
 * Takes the store's folder for this process, or throws StoreLockedError with the owner's pid. Node has no
 * flock, but SQLite locks files: an exclusive transaction on the empty file `lock` is held by the kernel
 * for exactly as long as this process lives, so a lock never goes stale and needs no guess about pids.
 */
export function lockStore(directory: DataDirectory): StoreLock {
  const database = new DatabaseSync(directory.lock);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch {
    database.close();
    throw new StoreLockedError(directory.root, readOwner(directory.owner));
  }
  writeFileSync(directory.owner, `${JSON.stringify({ pid: process.pid })}\n`, { mode: 0o600 });
  return {
    release() {
      rmSync(directory.owner, { force: true });
      database.close();
    },
  };
}

function readOwner(path: string): number | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof owner !== 'object' || owner === null || !('pid' in owner)) return undefined;
    return typeof owner.pid === 'number' ? owner.pid : undefined;
  } catch {
    return undefined;
  }
}
