import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StoreLayout } from './format/store-layout.ts';
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
export function lockStore(layout: StoreLayout): StoreLock {
  const database = new DatabaseSync(layout.lock);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch {
    database.close();
    throw new StoreLockedError(layout.root, readOwner(layout.owner));
  }
  noteOwner(layout.owner);
  return {
    release() {
      rmSync(layout.owner, { force: true });
      database.close();
    },
  };
}

/** Only for a message: a full disk must not keep the store from being read. */
function noteOwner(path: string): void {
  try {
    writeFileSync(path, `${JSON.stringify({ pid: process.pid })}\n`, { mode: 0o600 });
  } catch {
    rmSync(path, { force: true });
  }
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
