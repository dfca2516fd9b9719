import { DatabaseSync } from 'node:sqlite';

/** SQLITE_BUSY. */
const busyCode = 5;

/**
 * Takes an exclusive lock on a file that is for the lock alone; it is made, and stays. Undefined when another process, or
 * another caller of this one, has it. Node has no flock, but SQLite locks files; the kernel frees the lock of a process
 * that ends. Throws SQLite's error, with its `errcode`, where the file cannot be opened.
 */
export function tryFileLock(path: string): Disposable | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Without a journal beside the file.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === busyCode) {
      return undefined;
    }
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}
