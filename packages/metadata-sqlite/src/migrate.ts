import type { DatabaseSync } from 'node:sqlite';
import type { Logger } from '@bakehouse/base';
import {
  type EarlierRecord,
  isRecordKind,
  type MigrationFacts,
  type RecordKind,
  type RecordMigration,
} from '@bakehouse/domain';
import {
  convertBody,
  indexDefinitionHash,
  indexRows,
  MetadataStoreError,
  toColumn,
} from '@bakehouse/record-store';
import { migrationSql, migrations, recordSql } from './sql.ts';
import { textOf } from './sqlite-database.ts';
import { transact } from './transact.ts';

/** The database is of an earlier program; opening it converts it. */
export class EarlierSchemaError extends MetadataStoreError {}

/** Throws `EarlierSchemaError` for a database that this program would convert, `MetadataStoreError` for one that a newer one wrote. */
export function checkCurrent(database: DatabaseSync, path: string): void {
  const isCurrent =
    database.prepare(migrationSql.hasTable).get() !== undefined &&
    versionOf(database, path) === migrations.length &&
    hasCurrentIndex(database);
  if (isCurrent) return;
  throw new EarlierSchemaError(
    `${path} is of an earlier Bakehouse; start the server once, which converts it`,
    { database: path },
  );
}

/** Throws for a newer schema. */
function versionOf(database: DatabaseSync, path: string): number {
  const version = Number(database.prepare(migrationSql.version).get()?.version ?? 0);
  if (version <= migrations.length) return version;
  throw new MetadataStoreError(
    `${path} has schema version ${version}, and this program supports up to ${migrations.length}: ` +
      'a newer Bakehouse wrote it; use that one, or restore an older copy of the file',
    { database: path },
  );
}

/**
 * Brings the schema to this program's version, one transaction for each step. A newer schema is refused and left as it
 * is.
 */
export function migrate(
  database: DatabaseSync,
  { path, logger, ...facts }: { readonly path: string; readonly logger: Logger } & MigrationFacts,
): void {
  database.exec(migrationSql.createTable);
  const version = versionOf(database, path);
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    const { name } = step;
    transact(database, () => {
      if ('statements' in step) for (const statement of step.statements) database.exec(statement);
      else convertRecords(database, step, facts);
      database.prepare(migrationSql.record).run(index + 1, name);
    });
    logger.log('info', 'migrated the metadata schema', { path, version: index + 1, name });
  }
}

const batch = 1_000;

/** Converts all records, and adds those that the step makes. Their index is built again when the database is opened. */
function convertRecords(
  database: DatabaseSync,
  migration: RecordMigration,
  facts: MigrationFacts,
): void {
  const ofKind = database.prepare(migrationSql.recordsOfKind);
  const known = new Map<RecordKind, readonly EarlierRecord[]>();
  for (const kind of migration.lookUpKinds) {
    known.set(
      kind,
      ofKind.all(kind).map(({ body }) => JSON.parse(textOf(body))),
    );
  }
  const recordsOf = (kind: RecordKind) => known.get(kind) ?? [];
  const convert = migration.converter(recordsOf, facts);
  const next = database.prepare(migrationSql.nextRecords);
  const put = database.prepare(migrationSql.convert);
  for (let kind = '', id = '', more = true; more; ) {
    const rows = next.all(kind, id, batch);
    for (const row of rows) {
      kind = textOf(row.kind);
      id = textOf(row.id);
      const converted = convertBody(convert, { kind, body: textOf(row.body) });
      if (converted !== undefined) put.run(converted, kind, id);
    }
    more = rows.length === batch;
  }
  const add = database.prepare(migrationSql.add);
  for (const { kind, record } of migration.added?.(recordsOf) ?? [])
    add.run(kind, record.id, JSON.stringify(record));
  database.exec(migrationSql.forgetIndexDefinition);
}

function hasCurrentIndex(database: DatabaseSync): boolean {
  const stored = database.prepare(migrationSql.findIndexDefinition).get();
  return stored !== undefined && textOf(stored.hash) === indexDefinitionHash();
}

/** Builds the index again when other definitions than this program's made it. */
export function refreshIndex(database: DatabaseSync, path: string, logger: Logger): void {
  if (hasCurrentIndex(database)) return;
  const count = transact(database, () => {
    database.exec(migrationSql.clearIndex);
    const rebuilt = rebuildIndex(database);
    database.exec(migrationSql.forgetIndexDefinition);
    database.prepare(migrationSql.rememberIndexDefinition).run(indexDefinitionHash());
    return rebuilt;
  });
  if (count > 0) logger.log('info', 'rebuilt the metadata index', { path, records: count });
}

function rebuildIndex(database: DatabaseSync): number {
  const add = database.prepare(recordSql.addIndex);
  let count = 0;
  for (const row of database.prepare(migrationSql.allRecords).iterate()) {
    const kind = textOf(row.kind);
    if (!isRecordKind(kind)) continue;
    for (const { name, value, region, id } of rowsOf(kind, textOf(row.body))) {
      add.run(kind, name, toColumn(value), region, id);
    }
    count += 1;
  }
  return count;
}

const rowsOf = (kind: RecordKind, body: string) => indexRows(kind, JSON.parse(body)).values();
