/**
 * All SQL of the store. Two tables and these few statements are everything it needs, so there is no query
 * builder; the statements are written so that PostgreSQL takes them too (with `$1` for `?`). The two
 * places where the dialects differ are `withoutRowid` and `pragmas`.
 */

/** SQLite keeps a table in its primary key only when told so; PostgreSQL has no such words. */
const withoutRowid = ' WITHOUT ROWID';

/** `values` of `record_index` have the record's region too, so that a look-up in one region reads one range. */
export const migrations: readonly { readonly name: string; readonly statements: string[] }[] = [
  {
    name: 'records and their index',
    statements: [
      `CREATE TABLE record (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (kind, id)
      )`,
      `CREATE TABLE record_index (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        region TEXT NOT NULL,
        id TEXT NOT NULL,
        PRIMARY KEY (kind, name, value, region, id)
      )${withoutRowid}`,
      // One row: which index definitions the rows of record_index were made by.
      'CREATE TABLE index_definition (hash TEXT NOT NULL)',
    ],
  },
];

/**
 * EXCLUSIVE: one process owns the file, and what is cached cannot be changed behind its back. FULL: a commit
 * is on disk when it returns. The limit keeps the log from staying as large as its largest transaction.
 */
export const pragmas = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA journal_size_limit = 16777216;
  PRAGMA trusted_schema = OFF;
`;

export const migrationSql = {
  createTable: `CREATE TABLE IF NOT EXISTS schema_migration (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL
  )`,
  version: 'SELECT COALESCE(MAX(version), 0) FROM schema_migration',
  record: 'INSERT INTO schema_migration (version, name) VALUES (?, ?)',
  findIndexDefinition: 'SELECT hash FROM index_definition',
  forgetIndexDefinition: 'DELETE FROM index_definition',
  rememberIndexDefinition: 'INSERT INTO index_definition (hash) VALUES (?)',
  clearIndex: 'DELETE FROM record_index',
  allRecords: 'SELECT kind, id, body FROM record',
} as const;

export const recordSql = {
  find: 'SELECT body FROM record WHERE kind = ? AND id = ?',
  countKind: `SELECT COUNT(*) FROM (SELECT id FROM record WHERE kind = ? LIMIT ?) AS some`,
  ofKind: 'SELECT id, body FROM record WHERE kind = ?',
  put: `INSERT INTO record (kind, id, body) VALUES (?, ?, ?)
        ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body`,
  remove: 'DELETE FROM record WHERE kind = ? AND id = ?',
  clear: 'DELETE FROM record WHERE kind = ?',
  indexed: 'SELECT id FROM record_index WHERE kind = ? AND name = ? AND value = ?',
  indexedInRegion: `SELECT id FROM record_index
        WHERE kind = ? AND name = ? AND value = ? AND region = ?`,
  countIndexed: `SELECT COUNT(*) FROM (
        SELECT id FROM record_index WHERE kind = ? AND name = ? AND value = ? LIMIT ?) AS some`,
  countIndexedInRegion: `SELECT COUNT(*) FROM (
        SELECT id FROM record_index
        WHERE kind = ? AND name = ? AND value = ? AND region = ? LIMIT ?) AS some`,
  addIndex: `INSERT INTO record_index (kind, name, value, region, id) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (kind, name, value, region, id) DO NOTHING`,
  removeIndex: `DELETE FROM record_index
        WHERE kind = ? AND name = ? AND value = ? AND region = ? AND id = ?`,
  clearIndexOf: 'DELETE FROM record_index WHERE kind = ?',
} as const;
