import { invariant } from '@bakehouse/base';
import type { RecordKind } from '@bakehouse/domain';
import { toColumn, toColumnRange } from '../column-text.ts';
import { indexRows } from '../index-rows.ts';
import type {
  Awaitable,
  IndexRow,
  IndexTerm,
  IndexValue,
  RecordDatabase,
  RowChanges,
  StoredRecord,
} from '../record-database.ts';

/** A database in memory, for tests of what lies above it. It derives the index from the records, whatever it is given. */
export class MemoryDatabase implements RecordDatabase {
  readonly name = 'memory';
  readonly isRemote = false;
  readonly #records = new Map<RecordKind, Map<string, string>>();
  /** Rows that reads have returned: what a query costs. */
  rowsRead = 0;
  commits = 0;

  find(kind: RecordKind, ids: readonly string[]): Awaitable<readonly StoredRecord[]> {
    const rows = this.#of(kind);
    return this.#counted(
      ids.map(accepted).flatMap((id) => {
        const body = rows.get(id);
        return body === undefined ? [] : [{ id, body }];
      }),
    );
  }

  walk(kind: RecordKind, after: string, limit: number): Awaitable<readonly StoredRecord[]> {
    const all = [...this.#of(kind)].map(([id, body]) => ({ id, body }));
    return this.#counted(
      all
        .filter(({ id }) => id > accepted(after))
        .sort(byId)
        .slice(0, limit),
    );
  }

  idsUnder(term: IndexTerm, limit: number): Awaitable<readonly string[]> {
    return this.#counted(this.#under(term).slice(0, limit));
  }

  walkIndex(
    { kind, name, value, region }: IndexValue & { readonly region: string },
    after: string,
    limit: number,
  ): Awaitable<readonly string[]> {
    const ids = this.#under({ kind, name, region, wanted: { values: [value] } });
    const sorted = ids.filter((id) => id > accepted(after)).sort();
    return this.#counted(sorted.slice(0, limit));
  }

  regionsUnder({ kind, name, value }: IndexValue): Awaitable<readonly string[]> {
    const rows = this.#rows(kind).filter((row) => row.name === name && row.value === value);
    return [...new Set(rows.map((row) => row.region))];
  }

  count(kind: RecordKind, limit: number): Awaitable<number> {
    return Math.min(limit, this.#of(kind).size);
  }

  countIndex(term: IndexTerm, limit: number): Awaitable<number> {
    return Math.min(limit, this.#under(term).length);
  }

  commit(changes: RowChanges): Awaitable<void> {
    this.commits += 1;
    for (const kind of changes.clear) this.#records.delete(kind);
    for (const { kind, id, body } of changes.put) this.#of(kind).set(id, body);
    for (const { kind, id } of changes.remove) this.#of(kind).delete(id);
  }

  checkUsable(): void {}

  explain(_action: 'read' | 'write', error: unknown): unknown {
    return error;
  }

  close(): void {}

  #under({ kind, name, wanted, region }: IndexTerm): readonly string[] {
    const rows = this.#rows(kind).filter(
      (row) => row.name === name && (region === undefined || row.region === region),
    );
    if ('values' in wanted) {
      return rows.filter((row) => wanted.values.includes(row.value)).map((row) => row.id);
    }
    const ranges = wanted.ranges.map(toColumnRange);
    const isIn = (value: string) =>
      ranges.some(
        ({ from = '', below }) =>
          compareBytes(value, from) >= 0 && (below === undefined || compareBytes(value, below) < 0),
      );
    return rows.filter((row) => isIn(toColumn(row.value))).map((row) => row.id);
  }

  #rows(kind: RecordKind): readonly IndexRow[] {
    return [...this.#of(kind).values()].flatMap((body) => [
      ...indexRows(kind, JSON.parse(body)).values(),
    ]);
  }

  #of(kind: RecordKind): Map<string, string> {
    const rows = this.#records.get(kind) ?? new Map<string, string>();
    this.#records.set(kind, rows);
    return rows;
  }

  #counted<Row>(rows: readonly Row[]): readonly Row[] {
    this.rowsRead += rows.length;
    return rows;
  }
}

/** Refuses what PostgreSQL or UTF-8 does not have. */
function accepted(text: string): string {
  invariant(!/[\0\p{Cs}]/u.test(text), 'a database is given text that all of them can hold');
  return text;
}

const byId = (a: StoredRecord, b: StoredRecord) => (a.id < b.id ? -1 : 1);
const compareBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
