import { invariant } from '@bakehouse/base';
import {
  type ListQuery,
  type MetadataTransaction,
  queryPredicate,
  type RecordKind,
  type RecordKinds,
  type RecordPage,
  type RecordQuery,
} from '@bakehouse/domain';

type Row = RecordKinds[RecordKind];

const printableAscii = /^[\x20-\x7e]+$/;

/** Records by kind and id. Copies share what neither has changed. */
export class MemoryRecords {
  readonly #kinds: Map<RecordKind, ReadonlyMap<string, Row>>;

  constructor(kinds: ReadonlyMap<RecordKind, ReadonlyMap<string, Row>> = new Map()) {
    this.#kinds = new Map(kinds);
  }

  copy(): MemoryRecords {
    return new MemoryRecords(this.#kinds);
  }

  of<K extends RecordKind>(kind: K): ReadonlyMap<string, RecordKinds[K]> {
    // Only `put` adds to a kind's map, and it takes the kind's own records.
    return (this.#kinds.get(kind) ?? new Map()) as ReadonlyMap<string, RecordKinds[K]>;
  }

  /** Keeps what JSON keeps of the record, as a database does. */
  put<K extends RecordKind>(kind: K, record: RecordKinds[K]): void {
    const kept: RecordKinds[K] = deepFreeze(JSON.parse(JSON.stringify(record)));
    invariant(printableAscii.test(kept.id), `the id of a ${kind} is printable ASCII`);
    this.#kinds.set(kind, new Map<string, Row>(this.of(kind)).set(kept.id, kept));
  }

  delete(kind: RecordKind, id: string): void {
    const rows = new Map<string, Row>(this.of(kind));
    if (rows.delete(id)) this.#kinds.set(kind, rows);
  }
}

/** What a store's `read` and `write` hand out; `check` throws when the work is over. */
export class MemoryTransaction implements MetadataTransaction {
  readonly #records: MemoryRecords;
  readonly #check: () => void;

  constructor(records: MemoryRecords, check: () => void) {
    this.#records = records;
    this.#check = check;
  }

  async get<K extends RecordKind>(kind: K, id: string): Promise<RecordKinds[K] | undefined> {
    this.#check();
    return this.#records.of(kind).get(id);
  }

  async getMany<K extends RecordKind>(
    kind: K,
    ids: readonly string[],
  ): Promise<readonly (RecordKinds[K] | undefined)[]> {
    this.#check();
    return ids.map((id) => this.#records.of(kind).get(id));
  }

  async list<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> = {},
  ): Promise<readonly RecordKinds[K][]> {
    return this.#found(kind, query).slice(0, query.limit);
  }

  /** Looks at no more records than the limit, so that many pages are short. */
  async page<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> & { readonly limit: number },
  ): Promise<RecordPage<K>> {
    const { region: _, where: __, ranges: ___, ...everything } = query;
    const [last, ...rest] = this.#found(kind, everything).slice(query.limit - 1);
    const found = this.#found(kind, query);
    if (!last || rest.length === 0) return { records: found };
    return { records: found.filter(({ id }) => id <= last.id), next: last.id };
  }

  async count<K extends RecordKind>(kind: K, query: RecordQuery<K> = {}): Promise<number> {
    return this.#found(kind, query).length;
  }

  async put<K extends RecordKind>(kind: K, record: RecordKinds[K]): Promise<void> {
    this.#check();
    this.#records.put(kind, record);
  }

  async delete(kind: RecordKind, id: string): Promise<void> {
    this.#check();
    this.#records.delete(kind, id);
  }

  #found<K extends RecordKind>(kind: K, query: ListQuery<K>): readonly RecordKinds[K][] {
    this.#check();
    const { after = '' } = query;
    const matches = queryPredicate(kind, query);
    return [...this.#records.of(kind).values()]
      .filter((record) => record.id > after && matches(record))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
