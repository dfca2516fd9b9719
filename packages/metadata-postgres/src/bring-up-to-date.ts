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
  type RowChanges,
} from '@bakehouse/record-store';
import type { QueryResultRow } from 'pg';
import type { PostgresClient, Statement } from './postgres-client.ts';
import { rowStatements } from './row-statements.ts';
import { coordinationTables, preparationLock, schemaSql, schemaSteps } from './sql.ts';

/**
 * Does what only one process at a time may do to a database. The lock is the connection's own, not a transaction's: a
 * transaction would see the state from before it got the lock.
 */
export async function whilePreparing<Result>(
  client: PostgresClient,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query({ text: preparationLock.take });
  try {
    return await work();
  } finally {
    await client.query({ text: preparationLock.release }).catch(() => {});
  }
}

/** Creates what servers agree by, where it is missing, and refuses a newer schema. */
export async function prepareCoordination(client: PostgresClient, name: string): Promise<void> {
  await client.transaction([{ text: coordinationTables }]);
  const version = await schemaVersion(client);
  if (version <= schemaSteps.length) return;
  throw new MetadataStoreError(
    `${name} has schema version ${version}, and this program supports up to ${schemaSteps.length}: ` +
      'a newer Bakehouse wrote it; use that one, or another database',
    { database: name },
  );
}

async function schemaVersion(client: PostgresClient): Promise<number> {
  const [row] = await client.query<{ version: number }>({ text: schemaSql.version });
  return row?.version ?? 0;
}

export interface MigrationOptions {
  readonly name: string;
  readonly logger: Logger;
  /** Begins each transaction: makes it fail when this process may not change the database. */
  readonly entering: readonly Statement[];
  readonly facts: MigrationFacts;
}

/** Brings schema and index to this program's version, one transaction for each step. To be called `whilePreparing`. */
export async function bringUpToDate(
  client: PostgresClient,
  options: MigrationOptions,
): Promise<void> {
  const { name: database, logger, entering, facts } = options;
  const version = await schemaVersion(client);
  for (const [index, step] of schemaSteps.entries()) {
    if (index < version) continue;
    const { name } = step;
    const record = { text: schemaSql.record, values: [index + 1, name] };
    if ('statements' in step) {
      await client.transaction([...entering, { text: step.statements }, record]);
    } else {
      await inTransaction(client, entering, async () => {
        await convertRecords(client, step, facts);
        await client.query(record);
      });
    }
    logger.log('info', 'migrated the metadata schema', { database, version: index + 1, name });
  }
  await refreshIndex(client, options);
}

/** Builds the index again when other definitions than this program's made it. */
async function refreshIndex(client: PostgresClient, options: MigrationOptions): Promise<void> {
  const hash = indexDefinitionHash();
  const [stored] = await client.query<{ hash: string }>({ text: schemaSql.findIndexDefinition });
  if (stored?.hash === hash) return;
  const records = await inTransaction(client, options.entering, async () => {
    await client.run(schemaSql.clearIndex);
    const rebuilt = await rebuildIndex(client);
    await client.run(schemaSql.forgetIndexDefinition);
    await client.query({ text: schemaSql.rememberIndexDefinition, values: [hash] });
    return rebuilt;
  });
  const { logger, name: database } = options;
  if (records > 0) logger.log('info', 'rebuilt the metadata index', { database, records });
}

/** A transaction whose statements depend on one another. After a failure the connection is of no more use. */
async function inTransaction<Result>(
  client: PostgresClient,
  entering: readonly Statement[],
  work: () => Promise<Result>,
): Promise<Result> {
  await client.run('BEGIN');
  for (const statement of entering) await client.query(statement);
  const result = await work();
  await client.run('COMMIT');
  return result;
}

interface Row {
  readonly kind: string;
  readonly id: string;
  readonly body: string;
}

const batch = 1_000;

/** All records in order of kind and id, some at a time. */
async function* recordBatches(client: PostgresClient): AsyncGenerator<readonly Row[]> {
  let last = { kind: '', id: '' };
  for (;;) {
    const values = [last.kind, last.id, batch];
    const rows = await client.query<Row & QueryResultRow>({ text: schemaSql.nextRecords, values });
    yield rows;
    const end = rows.at(-1);
    if (!end || rows.length < batch) return;
    last = end;
  }
}

const noChanges: RowChanges = { clear: [], put: [], remove: [], removeIndex: [], addIndex: [] };

/** Converts all records, and adds those that the step makes. Their index is built again afterwards. */
async function convertRecords(
  client: PostgresClient,
  migration: RecordMigration,
  facts: MigrationFacts,
): Promise<void> {
  const known = new Map<RecordKind, readonly EarlierRecord[]>();
  for (const kind of migration.lookUpKinds) {
    const rows = await client.query<{ body: string }>({
      text: schemaSql.recordsOfKind,
      values: [kind],
    });
    known.set(
      kind,
      rows.map(({ body }) => JSON.parse(body)),
    );
  }
  const recordsOf = (kind: RecordKind) => known.get(kind) ?? [];
  const convert = migration.converter(recordsOf, facts);
  for await (const rows of recordBatches(client)) {
    const put = rows.flatMap(({ kind, id, body }) => {
      const converted = isRecordKind(kind) && convertBody(convert, { kind, body });
      return converted ? [{ kind, id, body: converted }] : [];
    });
    for (const statement of rowStatements({ ...noChanges, put })) await client.query(statement);
  }
  const added = migration.added?.(recordsOf) ?? [];
  const put = added.map(({ kind, record }) => ({
    kind,
    id: record.id,
    body: JSON.stringify(record),
  }));
  for (const statement of rowStatements({ ...noChanges, put })) await client.query(statement);
  await client.run(schemaSql.forgetIndexDefinition);
}

async function rebuildIndex(client: PostgresClient): Promise<number> {
  let records = 0;
  for await (const rows of recordBatches(client)) {
    const addIndex = rows.flatMap(({ kind, body }) =>
      isRecordKind(kind) ? [...indexRows(kind, JSON.parse(body)).values()] : [],
    );
    for (const statement of rowStatements({ ...noChanges, addIndex }))
      await client.query(statement);
    records += rows.length;
  }
  return records;
}
