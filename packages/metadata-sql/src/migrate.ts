import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Logger } from '@bakehouse/base';
import { isRecordKind, type RecordKind, recordIndexes } from '@bakehouse/domain';
import { indexRows } from './committed-records.ts';
import { MetadataStoreError } from './metadata-store-error.ts';
import { RecordDatabase, textOf } from './record-database.ts';
import { migrationSql, migrations } from './sql.ts';
import { transact } from './transact.ts';

/**
 * Brings the schema to this program's version, one transaction for each step. A newer schema is refused
 * and left as it is.
 */
export function migrate(database: DatabaseSync, path: string, logger: Logger): void {
  database.exec(migrationSql.createTable);
  const version = schemaVersion(database);
  if (version > migrations.length) {
    throw new MetadataStoreError(
      `${path} has schema version ${version}, this program knows up to ${migrations.length}: ` +
        'it was written by a newer Bakehouse; use that one, or restore an older copy of the file',
      path,
    );
  }
  for (const [index, { name, statements }] of migrations.entries()) {
    if (index < version) continue;
    transact(database, () => {
      for (const statement of statements) database.exec(statement);
      database.prepare(migrationSql.record).run(index + 1, name);
    });
    logger.log('info', 'migrated the metadata schema', { path, version: index + 1, name });
  }
}

/**
 * Makes the index anew when it was made by other definitions than `recordIndexes` has now. They are
 * compared by their names and source text, so what an index function calls must not change its meaning.
 */
export function refreshIndex(database: DatabaseSync, path: string, logger: Logger): void {
  const hash = indexDefinitionHash();
  const stored = database.prepare(migrationSql.findIndexDefinition).get();
  if (stored && textOf(stored.hash) === hash) return;
  const count = transact(database, () => {
    database.exec(migrationSql.clearIndex);
    const rebuilt = rebuildIndex(database);
    database.exec(migrationSql.forgetIndexDefinition);
    database.prepare(migrationSql.rememberIndexDefinition).run(hash);
    return rebuilt;
  });
  if (count > 0) logger.log('info', 'rebuilt the metadata index', { path, records: count });
}

function rebuildIndex(database: DatabaseSync): number {
  const records = new RecordDatabase(database);
  let count = 0;
  for (const row of database.prepare(migrationSql.allRecords).iterate()) {
    const kind = textOf(row.kind);
    if (!isRecordKind(kind)) continue;
    addIndexRows(records, kind, textOf(row.body));
    count += 1;
  }
  return count;
}

function addIndexRows(records: RecordDatabase, kind: RecordKind, body: string): void {
  for (const row of indexRows(kind, JSON.parse(body)).values()) records.addIndex(row);
}

function indexDefinitionHash(): string {
  const definitions = Object.entries(recordIndexes).map(([kind, indexes]) => [
    kind,
    Object.entries(indexes).map(([name, valuesOf]) => [name, String(valuesOf)]),
  ]);
  return createHash('sha256').update(JSON.stringify(definitions)).digest('hex');
}

function schemaVersion(database: DatabaseSync): number {
  return Number(Object.values(database.prepare(migrationSql.version).get() ?? {})[0] ?? 0);
}
