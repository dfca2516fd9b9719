import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { InvariantError } from '@bakehouse/base';
import type { RecordKind } from '@bakehouse/domain';
import { fromColumn, toColumn } from './column-text.ts';
import { recordSql } from './sql.ts';
import { transact } from './transact.ts';

export interface IndexTerm {
  readonly kind: RecordKind;
  readonly name: string;
  readonly value: string;
  /** Undefined looks in all regions. */
  readonly region?: string | undefined;
}

export interface IndexRow extends IndexTerm {
  readonly region: string;
  readonly id: string;
}

/** The statements of the store, prepared once, in terms of JavaScript's values. */
export class RecordDatabase {
  readonly #database: DatabaseSync;
  readonly #statements: { readonly [Name in keyof typeof recordSql]: StatementSync };

  constructor(database: DatabaseSync) {
    this.#database = database;
    const prepare = (name: keyof typeof recordSql) => database.prepare(recordSql[name]);
    this.#statements = {
      find: prepare('find'),
      countKind: prepare('countKind'),
      ofKind: prepare('ofKind'),
      put: prepare('put'),
      remove: prepare('remove'),
      clear: prepare('clear'),
      indexed: prepare('indexed'),
      indexedInRegion: prepare('indexedInRegion'),
      countIndexed: prepare('countIndexed'),
      countIndexedInRegion: prepare('countIndexedInRegion'),
      addIndex: prepare('addIndex'),
      removeIndex: prepare('removeIndex'),
      clearIndexOf: prepare('clearIndexOf'),
    };
  }

  find(kind: RecordKind, id: string): string | undefined {
    const row = this.#statements.find.get(kind, toColumn(id));
    return row === undefined ? undefined : textOf(row.body);
  }

  /** Counts no further than `limit`. */
  countKind(kind: RecordKind, limit: number): number {
    return numberOf(this.#statements.countKind.get(kind, limit));
  }

  *bodiesOf(kind: RecordKind): Generator<string> {
    for (const row of this.#statements.ofKind.iterate(kind)) yield textOf(row.body);
  }

  indexedIds({ kind, name, value, region }: IndexTerm): readonly string[] {
    const rows =
      region === undefined
        ? this.#statements.indexed.all(kind, name, toColumn(value))
        : this.#statements.indexedInRegion.all(kind, name, toColumn(value), toColumn(region));
    return rows.map((row) => fromColumn(textOf(row.id)));
  }

  /** Counts no further than `limit`. */
  countIndexed({ kind, name, value, region }: IndexTerm, limit: number): number {
    const row =
      region === undefined
        ? this.#statements.countIndexed.get(kind, name, toColumn(value), limit)
        : this.#statements.countIndexedInRegion.get(
            kind,
            name,
            toColumn(value),
            toColumn(region),
            limit,
          );
    return numberOf(row);
  }

  put(kind: RecordKind, id: string, body: string): void {
    this.#statements.put.run(kind, toColumn(id), body);
  }

  remove(kind: RecordKind, id: string): void {
    this.#statements.remove.run(kind, toColumn(id));
  }

  clear(kind: RecordKind): void {
    this.#statements.clear.run(kind);
    this.#statements.clearIndexOf.run(kind);
  }

  addIndex(row: IndexRow): void {
    this.#statements.addIndex.run(...indexColumns(row));
  }

  removeIndex(row: IndexRow): void {
    this.#statements.removeIndex.run(...indexColumns(row));
  }

  transaction<Result>(work: () => Result): Result {
    return transact(this.#database, work);
  }
}

function indexColumns({ kind, name, value, region, id }: IndexRow) {
  return [kind, name, toColumn(value), toColumn(region), toColumn(id)] as const;
}

const numberOf = (row: Record<string, SQLOutputValue> | undefined) =>
  Number(Object.values(row ?? {})[0] ?? 0);

export function textOf(column: SQLOutputValue | undefined): string {
  if (typeof column !== 'string') throw new InvariantError('a text column holds text');
  return column;
}
