import type { DatabaseSync } from 'node:sqlite';

/** All of `work` is on disk when it returns, or, when it throws, none of it is kept. */
export function transact<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk makes SQLite itself roll back.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
