import type {
  ListQuery,
  MetadataReader,
  MetadataTransaction,
  RecordKind,
  RecordKinds,
  RecordPage,
  RecordQuery,
} from '@bakehouse/domain';
import type { ChangeSet } from './change-set.ts';
import type { RecordSource } from './database-records.ts';
import { OverlaidRecords } from './overlaid-records.ts';
import type { WatchedWork } from './work-watch.ts';

/** What `read` hands to its function. */
export class StoreReader implements MetadataReader {
  readonly #source: RecordSource;
  readonly #work: WatchedWork;

  constructor(source: RecordSource, work: WatchedWork) {
    this.#source = source;
    this.#work = work;
  }

  async get<K extends RecordKind>(kind: K, id: string): Promise<RecordKinds[K] | undefined> {
    this.#work.check();
    return this.#work.call(this.#source.get(kind, id));
  }

  async getMany<K extends RecordKind>(
    kind: K,
    ids: readonly string[],
  ): Promise<readonly (RecordKinds[K] | undefined)[]> {
    this.#work.check();
    return this.#work.call(this.#source.getMany(kind, ids));
  }

  async list<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> = {},
  ): Promise<readonly RecordKinds[K][]> {
    this.#work.check();
    return this.#work.call(this.#source.list(kind, query));
  }

  async page<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> & { readonly limit: number },
  ): Promise<RecordPage<K>> {
    this.#work.check();
    return this.#work.call(this.#source.page(kind, query));
  }

  async count<K extends RecordKind>(kind: K, query: RecordQuery<K> = {}): Promise<number> {
    this.#work.check();
    return this.#work.call(this.#source.count(kind, query));
  }
}

/** What `write` hands to its function. */
export class StoreTransaction extends StoreReader implements MetadataTransaction {
  readonly #changes: ChangeSet;
  readonly #work: WatchedWork;

  constructor(committed: RecordSource, changes: ChangeSet, work: WatchedWork) {
    super(new OverlaidRecords(committed, changes), work);
    this.#changes = changes;
    this.#work = work;
  }

  async put<K extends RecordKind>(kind: K, record: RecordKinds[K]): Promise<void> {
    this.#work.check();
    this.#changes.put(kind, record);
    await this.#work.giveTurn();
  }

  async delete(kind: RecordKind, id: string): Promise<void> {
    this.#work.check();
    this.#changes.delete(kind, id);
    await this.#work.giveTurn();
  }

  async clear(kind: RecordKind): Promise<void> {
    this.#work.check();
    this.#changes.clear(kind);
  }
}
