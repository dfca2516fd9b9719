import { access, chmod, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Logger, MiB, silentLogger } from '@bakehouse/base';
import type { MetadataStore, MigrationFacts } from '@bakehouse/domain';
import { MetadataStoreError, RecordStore } from '@bakehouse/record-store';
import { checkCurrent, migrate, refreshIndex } from './migrate.ts';
import { forbidWrites, pragmas } from './sql.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import { sqliteError } from './sqlite-errors.ts';

export interface SqliteMetadataStoreOptions extends MigrationFacts {
  /** The database file; its `-wal` file lies beside it. */
  readonly path: string;
  readonly logger?: Logger;
  /** Bounds the decoded records in memory, by the length of their JSON; a record takes two to three times that. */
  readonly cacheLimitChars?: number;
}

/** The kernel releases the file as soon as its process ends, so waiting longer helps nobody. */
const lockWaitMs = 2_000;

/**
 * Opens or creates the database, 0600 in a folder 0700, and brings it to this program's schema. Rejects with
 * `MetadataStoreError` when another process has it open, when a newer program wrote it, or when it is no database.
 */
export async function openSqliteMetadataStore(
  options: SqliteMetadataStoreOptions,
): Promise<MetadataStore> {
  const { path, logger = silentLogger, cacheLimitChars = 192 * MiB, ...facts } = options;
  await makePrivateFile(path);
  const database = openDatabase(path);
  try {
    database.exec(pragmas);
    migrate(database, { path, logger, ...facts });
    refreshIndex(database, path, logger);
    await syncFolder(dirname(path));
    return new RecordStore(new SqliteDatabase(database, path), { cacheLimitChars });
  } catch (error) {
    database.close();
    throw sqliteError('open', path, error);
  }
}

/**
 * Opens the database to read what it has and to change nothing. Rejects with `MetadataStoreError` as
 * `openSqliteMetadataStore` does, for a database that is missing,
 * and with `EarlierSchemaError` for one that it would convert.
 */
export async function lookIntoSqliteMetadataStore(
  path: string,
): Promise<Pick<MetadataStore, 'read' | 'close'>> {
  await access(path).catch((cause: unknown) => {
    const message = `${path} cannot be read, or no server has made it yet`;
    throw new MetadataStoreError(message, { database: path, cause });
  });
  const database = openDatabase(path);
  try {
    database.exec(pragmas);
    checkCurrent(database, path);
    database.exec(forbidWrites);
    return new RecordStore(new SqliteDatabase(database, path), { cacheLimitChars: 16 * MiB });
  } catch (error) {
    database.close();
    throw sqliteError('open', path, error);
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: lockWaitMs });
  } catch (error) {
    throw sqliteError('open', path, error);
  }
}

/** SQLite gives its companion files the mode of the database. */
async function makePrivateFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a', 0o600);
  await file.close();
  await chmod(path, 0o600);
}

/** Makes the name of a new file survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
