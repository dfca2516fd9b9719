import {
  hostsOfRecords,
  originsAndKeys,
  partsOfVpcs,
  type RecordMigration,
  rootsAndBoots,
} from '@bakehouse/domain';

/**
 * All SQL of the adapter. Names are qualified: the database may have other users than this platform. Numbers that only grow
 * are read as `float8`, which is exact far beyond what `int` holds.
 */

/**
 * What servers agree by, created before anything else and never changed: a later version adds tables. `writer` has one row,
 * `active`, of the active server: `session` is the one of its connections that may write, and `commits` counts the commits.
 */
export const coordinationTables = `
  CREATE SCHEMA IF NOT EXISTS bakehouse;
  CREATE TABLE IF NOT EXISTS bakehouse.schema_migration (
    version integer PRIMARY KEY,
    name text NOT NULL
  );
  CREATE TABLE IF NOT EXISTS bakehouse.leadership (
    singleton boolean PRIMARY KEY CHECK (singleton),
    epoch bigint NOT NULL,
    owner text NOT NULL,
    address text NOT NULL,
    expires_at timestamptz NOT NULL
  );
  CREATE TABLE IF NOT EXISTS bakehouse.writer (
    name text PRIMARY KEY,
    session bigint NOT NULL,
    commits bigint NOT NULL,
    opened_at timestamptz NOT NULL
  );
  INSERT INTO bakehouse.leadership VALUES (true, 0, '', '', '-infinity') ON CONFLICT DO NOTHING;
  INSERT INTO bakehouse.writer VALUES ('active', 0, 0, now()) ON CONFLICT DO NOTHING;
`;

/** Held by the connection that prepares or migrates the database. Any number does that nobody else uses. */
export const preparationLock = {
  take: 'SELECT pg_advisory_lock(4599017)',
  release: 'SELECT pg_advisory_unlock(4599017)',
} as const;

interface SchemaStep {
  readonly name: string;
  readonly statements: string;
}

/**
 * The steps from an empty database to this version: of the tables, and of the records in them. In `record_index` the region
 * comes before the id, so that a walk in one region reads one range in order of id.
 */
export const schemaSteps: readonly (SchemaStep | RecordMigration)[] = [
  {
    name: 'records and their index',
    statements: `
      CREATE TABLE bakehouse.record (
        kind text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        body text NOT NULL,
        PRIMARY KEY (kind, id)
      );
      CREATE TABLE bakehouse.record_index (
        kind text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        value text COLLATE "C" NOT NULL,
        region text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        PRIMARY KEY (kind, name, value, region, id)
      );
      CREATE TABLE bakehouse.index_definition (hash text NOT NULL);
    `,
  },
  originsAndKeys,
  rootsAndBoots,
  hostsOfRecords,
  partsOfVpcs,
];

export const schemaSql = {
  version: 'SELECT COALESCE(MAX(version), 0)::int AS version FROM bakehouse.schema_migration',
  record: 'INSERT INTO bakehouse.schema_migration (version, name) VALUES ($1, $2)',
  findIndexDefinition: 'SELECT hash FROM bakehouse.index_definition',
  forgetIndexDefinition: 'DELETE FROM bakehouse.index_definition',
  rememberIndexDefinition: 'INSERT INTO bakehouse.index_definition (hash) VALUES ($1)',
  clearIndex: 'DELETE FROM bakehouse.record_index',
  recordsOfKind: 'SELECT body FROM bakehouse.record WHERE kind = $1',
  nextRecords: `SELECT kind, id, body FROM bakehouse.record
    WHERE (kind, id) > ($1, $2) ORDER BY kind, id LIMIT $3`,
} as const;

const under = `FROM bakehouse.record_index
  WHERE kind = $1 AND name = $2 AND value = ANY($3::text[]) AND ($4::text IS NULL OR region = $4)`;
const inRange = `FROM bakehouse.record_index WHERE kind = $1 AND name = $2 AND value >= $3
  AND ($5::text IS NULL OR value < $5) AND ($4::text IS NULL OR region = $4)`;
const oneValue = 'FROM bakehouse.record_index WHERE kind = $1 AND name = $2 AND value = $3';

export const readSql = {
  find: 'SELECT id, body FROM bakehouse.record WHERE kind = $1 AND id = ANY($2::text[])',
  walk: 'SELECT id, body FROM bakehouse.record WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3',
  count: `SELECT COUNT(*) AS n FROM
    (SELECT id FROM bakehouse.record WHERE kind = $1 LIMIT $2) AS counted`,
  idsUnder: `SELECT id ${under} LIMIT $5`,
  idsInRange: `SELECT id ${inRange} LIMIT $6`,
  countUnder: `SELECT COUNT(*) AS n FROM (SELECT id ${under} LIMIT $5) AS counted`,
  countInRange: `SELECT COUNT(*) AS n FROM (SELECT id ${inRange} LIMIT $6) AS counted`,
  walkIndex: `SELECT id ${oneValue} AND region = $4 AND id > $5 ORDER BY id LIMIT $6`,
  // PostgreSQL does not skip from one region to the next by itself.
  regionsUnder: `WITH RECURSIVE regions(region) AS (
      SELECT MIN(region) ${oneValue}
      UNION ALL
      SELECT (SELECT MIN(region) ${oneValue} AND region > regions.region)
      FROM regions WHERE regions.region IS NOT NULL
    )
    SELECT region FROM regions WHERE region IS NOT NULL`,
} as const;

const indexRows = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
  AS changed(kind, name, value, region, id)`;

/** Each takes arrays, one for each column. */
export const writeSql = {
  clear: 'DELETE FROM bakehouse.record WHERE kind = ANY($1::text[])',
  clearIndex: 'DELETE FROM bakehouse.record_index WHERE kind = ANY($1::text[])',
  put: `INSERT INTO bakehouse.record (kind, id, body)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
    ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body`,
  remove: `DELETE FROM bakehouse.record AS stored
    USING unnest($1::text[], $2::text[]) AS changed(kind, id)
    WHERE stored.kind = changed.kind AND stored.id = changed.id`,
  removeIndex: `DELETE FROM bakehouse.record_index AS stored USING ${indexRows}
    WHERE stored.kind = changed.kind AND stored.name = changed.name AND stored.value = changed.value
      AND stored.region = changed.region AND stored.id = changed.id`,
  addIndex: `INSERT INTO bakehouse.record_index (kind, name, value, region, id)
    SELECT * FROM ${indexRows} ON CONFLICT DO NOTHING`,
} as const;

export const writerSql = {
  /**
   * Enters a commit. A session that has ended divides by zero, so that the rest of its transaction fails even when the
   * server reads it late.
   */
  enter: `WITH mine AS (
      UPDATE bakehouse.writer SET commits = $2 WHERE name = 'active' AND session = $1 RETURNING 1
    )
    SELECT 1 / COUNT(*) FROM mine`,
  /**
   * Begins the session after the last known one, which it ends: waits for its commit, if one is under way, and stops later
   * ones. It may have begun already: by the same statement, whose reply was lost.
   */
  next: `UPDATE bakehouse.writer SET session = $1::bigint + 1
    WHERE name = 'active' AND session IN ($1::bigint, $1::bigint + 1) RETURNING session::float8, commits::float8`,
} as const;

export const leaseSql = {
  take: `UPDATE bakehouse.leadership
    SET epoch = epoch + 1, owner = $1, address = $2,
      expires_at = clock_timestamp() + $3::float8 * interval '1 millisecond'
    WHERE expires_at < clock_timestamp() RETURNING epoch::float8`,
  /**
   * A new leader's session: the one before it can commit nothing more. It is 2 further, as the leader before may still ask
   * for the session after the last one that it knows, and that one must not be this.
   */
  endSession: `UPDATE bakehouse.writer SET session = session + 2 WHERE name = 'active'
    RETURNING session::float8, commits::float8`,
  renew: `UPDATE bakehouse.leadership
    SET expires_at = clock_timestamp() + $3::float8 * interval '1 millisecond'
    WHERE epoch = $1 AND owner = $2 RETURNING epoch::float8`,
  release: `UPDATE bakehouse.leadership SET expires_at = '-infinity', address = ''
    WHERE epoch = $1 AND owner = $2`,
  holder: `SELECT epoch::float8, address FROM bakehouse.leadership WHERE expires_at > clock_timestamp()`,
} as const;
