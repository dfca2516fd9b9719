import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Logger, MiB, silentLogger } from '@bakehouse/base';
import type { MetadataStore } from '@bakehouse/domain';
import { storeError } from './metadata-store-error.ts';
import { migrate, refreshIndex } from './migrate.ts';
import { pragmas } from './sql.ts';
import { SqliteMetadataStore } from './sqlite-metadata-store.ts';

export interface SqliteMetadataStoreOptions {
  /** The database file; its `-wal` companion lies beside it. */
  readonly path: string;
  readonly logger?: Logger;
  /** How much JSON's worth of decoded records is held; a record takes two to three times that in memory. */
  readonly cacheLimitChars?: number;
}

/** A process that ends lets go of the file at once, so waiting longer for it helps nobody. */
const lockWaitMs = 2_000;

/**
 * Opens or makes the database, 0600 in a folder 0700, and brings it to this program's schema. Rejects with
 * `MetadataStoreError` when another process holds it, when it was written by a newer program, or when it
 * is no database.
 */
export async function openSqliteMetadataStore(
  options: SqliteMetadataStoreOptions,
): Promise<MetadataStore> {
  const { path, logger = silentLogger, cacheLimitChars = 192 * MiB } = options;
  await makePrivateFile(path);
  const database = openDatabase(path);
  try {
    database.exec(pragmas);
    migrate(database, path, logger);
    refreshIndex(database, path, logger);
    await syncFolder(dirname(path));
    return new SqliteMetadataStore(database, { path, cacheLimitChars });
  } catch (error) {
    database.close();
    throw storeError('open', path, error);
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: lockWaitMs });
  } catch (error) {
    throw storeError('open', path, error);
  }
}

/** SQLite gives its companion files the mode of the database. */
async function makePrivateFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a', 0o600);
  await file.close();
  await chmod(path, 0o600);
}

/** So that a new file's name survives a power cut as its content does. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
