import type { RecordKind, ValueRange } from '@bakehouse/domain';

/** A value now or later: a database in this process has it at once, one behind a socket does not. */
export type Awaitable<Value> = Value | Promise<Value>;

/** A record as it is stored: its JSON text. */
export interface StoredRecord {
  readonly id: string;
  readonly body: string;
}

/** One value of one index. */
export interface IndexValue {
  readonly kind: RecordKind;
  readonly name: string;
  readonly value: string;
}

/** One condition on one index: any of some values, or of some ranges of them; in one region or in all. */
export interface IndexTerm {
  readonly kind: RecordKind;
  readonly name: string;
  readonly wanted:
    | { readonly values: readonly string[] }
    | { readonly ranges: readonly ValueRange[] };
  readonly region?: string | undefined;
}

/** That a record is found under a value of an index. */
export interface IndexRow extends IndexValue {
  readonly region: string;
  readonly id: string;
}

/** What one commit does, in this order. No id of a kind comes twice in `put` and `remove` together. */
export interface RowChanges {
  /** Kinds of which every record and index row is deleted first. */
  readonly clear: readonly RecordKind[];
  readonly put: readonly (StoredRecord & { readonly kind: RecordKind })[];
  readonly remove: readonly { readonly kind: RecordKind; readonly id: string }[];
  readonly removeIndex: readonly IndexRow[];
  readonly addIndex: readonly IndexRow[];
}

/**
 * What the record store needs of a database: a table of records and one of index rows. This process alone writes to it while
 * the store is open. All reads see what is committed.
 * Ids, what ids are to come after and regions are ASCII without NUL, so every database orders them alike; values are any text (see `toColumn`). Calls that return
 * promises are carried out in the order in which they were made.
 */
export interface RecordDatabase {
  /** How errors name it: a path, or a URL without its password. */
  readonly name: string;
  /** True when every call is a round trip: who makes one waits, and others could be served meanwhile. */
  readonly isRemote: boolean;
  /** Those of the ids that exist, in any order. */
  find(kind: RecordKind, ids: readonly string[]): Awaitable<readonly StoredRecord[]>;
  /** The first records of a kind after an id, in order of id. */
  walk(kind: RecordKind, after: string, limit: number): Awaitable<readonly StoredRecord[]>;
  /** Up to `limit` of the ids under a term, in any order; an id may come more than once. */
  idsUnder(term: IndexTerm, limit: number): Awaitable<readonly string[]>;
  /** The first ids after an id under one value in one region, in order of id. */
  walkIndex(
    value: IndexValue & { readonly region: string },
    after: string,
    limit: number,
  ): Awaitable<readonly string[]>;
  /** The regions that have ids under the value. */
  regionsUnder(value: IndexValue): Awaitable<readonly string[]>;
  /** The number of records of a kind; counts no further than the limit. */
  count(kind: RecordKind, limit: number): Awaitable<number>;
  /** The number of index rows under a term; counts no further than the limit. */
  countIndex(term: IndexTerm, limit: number): Awaitable<number>;
  /** Durable when it returns. When it throws, nothing has changed. */
  commit(changes: RowChanges): Awaitable<void>;
  /** Throws when this process may no longer use the database, so that what the cache has may be out of date. */
  checkUsable(): void;
  /** Turns an error of a read or write into one that names the database and the way out. */
  explain(action: 'read' | 'write', error: unknown): unknown;
  close(): Awaitable<void>;
}
