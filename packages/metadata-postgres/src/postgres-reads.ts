import type { RecordKind } from '@bakehouse/domain';
import {
  type IndexTerm,
  type IndexValue,
  type StoredRecord,
  toColumn,
  toColumnRange,
} from '@bakehouse/record-store';
import type { Statement } from './postgres-client.ts';
import { readSql } from './sql.ts';

type ReadName = keyof typeof readSql;

/** The reads of `RecordDatabase` as statements; how these reach the server is the subclass's. */
export abstract class PostgresReads {
  protected abstract read<Row extends object>(statement: Statement): Promise<readonly Row[]>;

  async find(kind: RecordKind, ids: readonly string[]): Promise<readonly StoredRecord[]> {
    return ids.length === 0 ? [] : await this.#rows<StoredRecord>('find', [kind, ids]);
  }

  async walk(kind: RecordKind, after: string, limit: number): Promise<readonly StoredRecord[]> {
    return await this.#rows<StoredRecord>('walk', [kind, after, limit]);
  }

  async idsUnder(term: IndexTerm, limit: number): Promise<readonly string[]> {
    const name = 'values' in term.wanted ? 'idsUnder' : 'idsInRange';
    const ids: string[] = [];
    for (const condition of conditionsOf(term)) {
      if (ids.length >= limit) break;
      const values = [...condition, limit - ids.length];
      for (const { id } of await this.#rows<{ id: string }>(name, values)) ids.push(id);
    }
    return ids;
  }

  async walkIndex(
    { kind, name, value, region }: IndexValue & { readonly region: string },
    after: string,
    limit: number,
  ): Promise<readonly string[]> {
    const values = [kind, name, toColumn(value), region, after, limit];
    const rows = await this.#rows<{ id: string }>('walkIndex', values);
    return rows.map(({ id }) => id);
  }

  async regionsUnder({ kind, name, value }: IndexValue): Promise<readonly string[]> {
    const values = [kind, name, toColumn(value)];
    const rows = await this.#rows<{ region: string }>('regionsUnder', values);
    return rows.map(({ region }) => region);
  }

  async count(kind: RecordKind, limit: number): Promise<number> {
    return numberOf(await this.#rows('count', [kind, limit]));
  }

  async countIndex(term: IndexTerm, limit: number): Promise<number> {
    const name = 'values' in term.wanted ? 'countUnder' : 'countInRange';
    let count = 0;
    for (const condition of conditionsOf(term)) {
      if (count >= limit) break;
      count += numberOf(await this.#rows(name, [...condition, limit - count]));
    }
    return count;
  }

  #rows<Row extends object>(name: ReadName, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.read<Row>({ text: readSql[name], values, name });
  }
}

/** The values that the statements of a term begin with: once for all its values, or for each of its ranges. */
function conditionsOf({ kind, name, wanted, region }: IndexTerm): readonly unknown[][] {
  const inRegion = region ?? null;
  if ('values' in wanted) return [[kind, name, wanted.values.map(toColumn), inRegion]];
  return wanted.ranges.map((range) => {
    const { from = '', below } = toColumnRange(range);
    return [kind, name, from, inRegion, below ?? null];
  });
}

const numberOf = (rows: readonly { readonly n?: unknown }[]) => Number(rows[0]?.n ?? 0);
