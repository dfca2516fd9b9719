import type { IndexName, RecordKind, RecordKinds } from '../record-kinds.ts';

/** A range of index values in the order of their Unicode code points; see `prefixRange` for prefixes. */
export interface ValueRange {
  /** Inclusive; open when absent. */
  readonly from?: string;
  /** Exclusive; open when absent. */
  readonly below?: string;
}

/** Which records of a kind. All conditions must hold. */
export interface RecordQuery<K extends RecordKind> {
  /** Only records of this region. */
  readonly region?: string;
  /** Only records found under at least one of the values of each named index. */
  readonly where?: { readonly [I in IndexName<K>]?: readonly string[] };
  /** Only records found under a value in at least one of the ranges of each named index. */
  readonly ranges?: { readonly [I in IndexName<K>]?: readonly ValueRange[] };
}

export interface ListQuery<K extends RecordKind> extends RecordQuery<K> {
  /** Only records whose id comes after this one; it need not exist. */
  readonly after?: string;
  /** At most so many records, the first in order of id. */
  readonly limit?: number;
}

export interface RecordPage<K extends RecordKind> {
  readonly records: readonly RecordKinds[K][];
  /** Where the next page begins, as its `after`; absent when no record can follow. */
  readonly next?: string;
}

/** Reads one consistent state. Records are frozen: change by copying. */
export interface MetadataReader {
  get<K extends RecordKind>(kind: K, id: string): Promise<RecordKinds[K] | undefined>;
  /** One entry for each id, in the order of the ids; undefined where there is no such record. */
  getMany<K extends RecordKind>(
    kind: K,
    ids: readonly string[],
  ): Promise<readonly (RecordKinds[K] | undefined)[]>;
  /** In order of id. Without a limit the cost grows with the number of records found. */
  list<K extends RecordKind>(kind: K, query?: ListQuery<K>): Promise<readonly RecordKinds[K][]>;
  /**
   * A step of a walk through the records in order of id, with a bound on its work whatever the query: a page may
   * have fewer records than its limit, or none, and still name the next one.
   */
  page<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> & { readonly limit: number },
  ): Promise<RecordPage<K>>;
  /** How many records match. Cheap for a whole kind and for one index. */
  count<K extends RecordKind>(kind: K, query?: RecordQuery<K>): Promise<number>;
}

export interface MetadataTransaction extends MetadataReader {
  /** Inserts or replaces by id, which is printable ASCII. Reads in the same transaction see it. */
  put<K extends RecordKind>(kind: K, record: RecordKinds[K]): Promise<void>;
  /** Deleting a record that does not exist is a no-op. */
  delete(kind: RecordKind, id: string): Promise<void>;
}

/**
 * The platform's records. Inside `read` and `write` nothing but the store is awaited, so that a transaction is
 * short and never waits for the outside world.
 *
 * The function given to `read` or `write` may run more than once: a read that a commit overtook runs again on the newer
 * state; a store may also repeat a write, and the in-memory one always does. Only the last run counts, so the function must have no effect but
 * through its transaction and its result.
 */
export interface MetadataStore {
  read<Result>(work: (reader: MetadataReader) => Promise<Result>): Promise<Result>;
  /**
   * Serializable. Resolves when the changes are on disk; when `work` throws, nothing has changed and
   * its error is rethrown as it is.
   */
  write<Result>(work: (transaction: MetadataTransaction) => Promise<Result>): Promise<Result>;
  /** Deletes every record but those of the kinds kept and the settings kept, all at once. */
  reset(keep: readonly RecordKind[], keptSettings?: readonly string[]): Promise<void>;
  /** Waits for what was asked for; after it everything is refused. */
  close(): Promise<void>;
}
