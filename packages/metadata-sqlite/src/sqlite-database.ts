import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { InvariantError } from '@bakehouse/base';
import type { RecordKind } from '@bakehouse/domain';
import {
  type IndexRow,
  type IndexTerm,
  type IndexValue,
  type RecordDatabase,
  type RowChanges,
  type StoredRecord,
  toColumn,
  toColumnRange,
} from '@bakehouse/record-store';
import { recordSql } from './sql.ts';
import { sqliteError } from './sqlite-errors.ts';
import { transact } from './transact.ts';

type StatementName = keyof typeof recordSql;

/** SQLite orders every blob after all text. */
const afterAllText = new Uint8Array();

/** A migrated SQLite database, which this process alone uses. */
export class SqliteDatabase implements RecordDatabase {
  /** The path of the file. */
  readonly name: string;
  readonly isRemote = false;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<StatementName, StatementSync>();

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.name = path;
  }

  find(kind: RecordKind, ids: readonly string[]): readonly StoredRecord[] {
    const find = this.#statement('find');
    return ids.flatMap((id) => {
      const row = find.get(kind, id);
      return row ? [storedRecord(row)] : [];
    });
  }

  walk(kind: RecordKind, after: string, limit: number): readonly StoredRecord[] {
    return this.#statement('walk').all(kind, after, limit).map(storedRecord);
  }

  idsUnder(term: IndexTerm, limit: number): readonly string[] {
    const statement = this.#statement(nameOf(term, idStatements));
    const ids: string[] = [];
    for (const columns of conditionsOf(term)) {
      if (ids.length >= limit) break;
      for (const row of statement.all(...columns, limit - ids.length)) ids.push(idOf(row));
    }
    return ids;
  }

  walkIndex(
    { kind, name, value, region }: IndexValue & { readonly region: string },
    after: string,
    limit: number,
  ): readonly string[] {
    const rows = this.#statement('walkIndex').all(
      kind,
      name,
      toColumn(value),
      region,
      after,
      limit,
    );
    return rows.map(idOf);
  }

  regionsUnder({ kind, name, value }: IndexValue): readonly string[] {
    const regions: string[] = [];
    const column = toColumn(value);
    // The region '' is smaller than all others, and than no text.
    const hasNone = this.#statement('idsUnderInRegion').get(kind, name, column, '', 1);
    if (hasNone) regions.push('');
    for (let last = ''; ; ) {
      const found = this.#statement('nextRegion').get(kind, name, column, last)?.region;
      if (typeof found !== 'string') return regions;
      regions.push(found);
      last = found;
    }
  }

  count(kind: RecordKind, limit: number): number {
    return this.#number('count', kind, limit);
  }

  countIndex(term: IndexTerm, limit: number): number {
    const statement = nameOf(term, countStatements);
    let count = 0;
    for (const columns of conditionsOf(term)) {
      if (count >= limit) break;
      count += this.#number(statement, ...columns, limit - count);
    }
    return count;
  }

  commit(changes: RowChanges): void {
    transact(this.#database, () => {
      this.#run(['clear', 'clearIndex'], changes.clear, (kind) => [kind]);
      this.#run(['put'], changes.put, ({ kind, id, body }) => [kind, id, body]);
      this.#run(['remove'], changes.remove, ({ kind, id }) => [kind, id]);
      this.#run(['removeIndex'], changes.removeIndex, indexColumns);
      this.#run(['addIndex'], changes.addIndex, indexColumns);
    });
  }

  checkUsable(): void {}

  explain(action: 'read' | 'write', error: unknown): unknown {
    return sqliteError(action, this.name, error);
  }

  close(): void {
    this.#database.close();
  }

  #run<Row>(
    names: readonly StatementName[],
    rows: readonly Row[],
    columns: (row: Row) => readonly SQLInputValue[],
  ): void {
    for (const name of names) {
      const statement = this.#statement(name);
      for (const row of rows) statement.run(...columns(row));
    }
  }

  #number(name: StatementName, ...columns: readonly SQLInputValue[]): number {
    return Number(this.#statement(name).get(...columns)?.n ?? 0);
  }

  /** Prepared at its first use. */
  #statement(name: StatementName): StatementSync {
    const known = this.#statements.get(name);
    if (known) return known;
    const statement = this.#database.prepare(recordSql[name]);
    this.#statements.set(name, statement);
    return statement;
  }
}

interface TermStatements {
  readonly value: { readonly anywhere: StatementName; readonly inRegion: StatementName };
  readonly range: { readonly anywhere: StatementName; readonly inRegion: StatementName };
}

const idStatements: TermStatements = {
  value: { anywhere: 'idsUnder', inRegion: 'idsUnderInRegion' },
  range: { anywhere: 'idsInRange', inRegion: 'idsInRangeInRegion' },
};
const countStatements: TermStatements = {
  value: { anywhere: 'countUnder', inRegion: 'countUnderInRegion' },
  range: { anywhere: 'countInRange', inRegion: 'countInRangeInRegion' },
};

/** The statement for one value or range of a term. */
function nameOf({ wanted, region }: IndexTerm, statements: TermStatements): StatementName {
  const names = 'values' in wanted ? statements.value : statements.range;
  return region === undefined ? names.anywhere : names.inRegion;
}

/** The columns to compare with, for each value or range of a term. */
function conditionsOf({ kind, name, wanted, region }: IndexTerm): readonly SQLInputValue[][] {
  const where = region === undefined ? [] : [region];
  if ('values' in wanted) {
    return wanted.values.map((value) => [kind, name, toColumn(value), ...where]);
  }
  return wanted.ranges.map((range) => {
    const { from = '', below = afterAllText } = toColumnRange(range);
    return [kind, name, from, below, ...where];
  });
}

function indexColumns({ kind, name, value, region, id }: IndexRow) {
  return [kind, name, toColumn(value), region, id] as const;
}

type Row = Record<string, SQLOutputValue>;
const idOf = (row: Row) => textOf(row.id);
const storedRecord = (row: Row): StoredRecord => ({ id: idOf(row), body: textOf(row.body) });

export function textOf(column: SQLOutputValue | undefined): string {
  if (typeof column !== 'string') throw new InvariantError('a text column holds text');
  return column;
}
