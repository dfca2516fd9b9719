import type { IndexName, RecordKind, RecordKinds } from '../record-kinds.ts';

export interface ListQuery<K extends RecordKind> {
  /** Only records of this region. */
  readonly region?: string;
  /** Only records found under at least one of the values of each named index. */
  readonly where?: { readonly [I in IndexName<K>]?: readonly string[] };
}

/** Reads one consistent state. Records are frozen: change by copying. */
export interface MetadataReader {
  get<K extends RecordKind>(kind: K, id: string): Promise<RecordKinds[K] | undefined>;
  /** In order of id (code units). */
  list<K extends RecordKind>(kind: K, query?: ListQuery<K>): Promise<readonly RecordKinds[K][]>;
}

export interface MetadataTransaction extends MetadataReader {
  /** Inserts or replaces by id. Reads in the same transaction see it. */
  put<K extends RecordKind>(kind: K, record: RecordKinds[K]): Promise<void>;
  /** Deleting what is not there is a no-op. */
  delete(kind: RecordKind, id: string): Promise<void>;
}

/**
 * The platform's records. Inside `read` and `write` nothing but the store is awaited, so that a
 * transaction is short and never waits for the outside world.
 */
export interface MetadataStore {
  read<Result>(work: (reader: MetadataReader) => Promise<Result>): Promise<Result>;
  /**
   * Serializable. Resolves when the changes are on disk; when `work` throws, nothing has changed and
   * its error is rethrown as it is.
   */
  write<Result>(work: (transaction: MetadataTransaction) => Promise<Result>): Promise<Result>;
  /** Deletes every record of every kind but those kept. */
  reset(keep: readonly RecordKind[]): Promise<void>;
  close(): Promise<void>;
}
