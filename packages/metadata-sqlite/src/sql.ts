import {
  hostsOfRecords,
  originsAndKeys,
  partsOfVpcs,
  type RecordMigration,
  rootsAndBoots,
} from '@bakehouse/domain';

/** All SQL of the adapter: two tables and a few fixed statements, so there is no query builder. */

interface SchemaStep {
  readonly name: string;
  readonly statements: readonly string[];
}

/**
 * The steps from an empty file to this version: of the tables, and of the records in them. `record_index` has the region
 * before the id, so that a walk in one region reads one range in order of id.
 */
export const migrations: readonly (SchemaStep | RecordMigration)[] = [
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
      ) WITHOUT ROWID`,
      // One row: which index definitions the rows of record_index were made by.
      'CREATE TABLE index_definition (hash TEXT NOT NULL)',
    ],
  },
  originsAndKeys,
  rootsAndBoots,
  hostsOfRecords,
  partsOfVpcs,
];

/**
 * EXCLUSIVE: one process owns the file, so its cache cannot become outdated. FULL: a commit is on disk when it returns.
 * The page cache holds what commits touch all over the index. The log limit keeps the log from staying as large as its
 * largest transaction.
 */
export const pragmas = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -32768;
  PRAGMA journal_size_limit = 16777216;
  PRAGMA trusted_schema = OFF;
`;

export const forbidWrites = 'PRAGMA query_only = ON';

export const migrationSql = {
  createTable: `CREATE TABLE IF NOT EXISTS schema_migration (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL
  )`,
  hasTable: "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migration'",
  version: 'SELECT COALESCE(MAX(version), 0) AS version FROM schema_migration',
  record: 'INSERT INTO schema_migration (version, name) VALUES (?, ?)',
  findIndexDefinition: 'SELECT hash FROM index_definition',
  forgetIndexDefinition: 'DELETE FROM index_definition',
  rememberIndexDefinition: 'INSERT INTO index_definition (hash) VALUES (?)',
  clearIndex: 'DELETE FROM record_index',
  allRecords: 'SELECT kind, body FROM record',
  recordsOfKind: 'SELECT body FROM record WHERE kind = ?',
  nextRecords: `SELECT kind, id, body FROM record
    WHERE (kind, id) > (?, ?) ORDER BY kind, id LIMIT ?`,
  add: 'INSERT INTO record (kind, id, body) VALUES (?, ?, ?)',
  convert: 'UPDATE record SET body = ? WHERE kind = ? AND id = ?',
} as const;

const under = 'FROM record_index WHERE kind = ? AND name = ? AND value = ?';
const inRange = 'FROM record_index WHERE kind = ? AND name = ? AND value >= ? AND value < ?';
const inRegion = 'AND region = ?';

export const recordSql = {
  find: 'SELECT id, body FROM record WHERE kind = ? AND id = ?',
  walk: 'SELECT id, body FROM record WHERE kind = ? AND id > ? ORDER BY id LIMIT ?',
  count: 'SELECT COUNT(*) AS n FROM (SELECT id FROM record WHERE kind = ? LIMIT ?)',
  put: `INSERT INTO record (kind, id, body) VALUES (?, ?, ?)
        ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body`,
  remove: 'DELETE FROM record WHERE kind = ? AND id = ?',
  clear: 'DELETE FROM record WHERE kind = ?',
  idsUnder: `SELECT id ${under} LIMIT ?`,
  idsUnderInRegion: `SELECT id ${under} ${inRegion} LIMIT ?`,
  idsInRange: `SELECT id ${inRange} LIMIT ?`,
  idsInRangeInRegion: `SELECT id ${inRange} ${inRegion} LIMIT ?`,
  countUnder: `SELECT COUNT(*) AS n FROM (SELECT id ${under} LIMIT ?)`,
  countUnderInRegion: `SELECT COUNT(*) AS n FROM (SELECT id ${under} ${inRegion} LIMIT ?)`,
  countInRange: `SELECT COUNT(*) AS n FROM (SELECT id ${inRange} LIMIT ?)`,
  countInRangeInRegion: `SELECT COUNT(*) AS n FROM (SELECT id ${inRange} ${inRegion} LIMIT ?)`,
  walkIndex: `SELECT id ${under} ${inRegion} AND id > ? ORDER BY id LIMIT ?`,
  nextRegion: `SELECT MIN(region) AS region ${under} AND region > ?`,
  addIndex: `INSERT INTO record_index (kind, name, value, region, id) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (kind, name, value, region, id) DO NOTHING`,
  removeIndex: `DELETE FROM record_index
        WHERE kind = ? AND name = ? AND value = ? AND region = ? AND id = ?`,
  clearIndex: 'DELETE FROM record_index WHERE kind = ?',
} as const;
