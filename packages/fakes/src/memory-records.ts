import {
  type ListQuery,
  type MetadataTransaction,
  queryPredicate,
  type RecordKind,
  type RecordKinds,
} from '@bakehouse/domain';

type Row = RecordKinds[RecordKind];

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

  /** The record becomes what JSON keeps of it, as in a database. */
  put<K extends RecordKind>(kind: K, record: RecordKinds[K]): void {
    const kept: RecordKinds[K] = deepFreeze(JSON.parse(JSON.stringify(record)));
    this.#kinds.set(kind, new Map<string, Row>(this.of(kind)).set(kept.id, kept));
  }

  delete(kind: RecordKind, id: string): void {
    const rows = new Map<string, Row>(this.of(kind));
    if (rows.delete(id)) this.#kinds.set(kind, rows);
  }
}

/** What a store's `read` and `write` hand out; `check` throws when their time is over. */
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

  async list<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> = {},
  ): Promise<readonly RecordKinds[K][]> {
    this.#check();
    const rows = [...this.#records.of(kind).values()].filter(queryPredicate(kind, query));
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async put<K extends RecordKind>(kind: K, record: RecordKinds[K]): Promise<void> {
    this.#check();
    this.#records.put(kind, record);
  }

  async delete(kind: RecordKind, id: string): Promise<void> {
    this.#check();
    this.#records.delete(kind, id);
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
