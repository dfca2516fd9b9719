import type {
  ListQuery,
  RecordKind,
  RecordKinds,
  RecordPage,
  RecordQuery,
} from '@bakehouse/domain';
import type { ChangeSet } from './change-set.ts';
import { DatabaseRecords, type RecordMemory, type RecordSource } from './database-records.ts';
import { deepFreeze } from './deep-freeze.ts';
import { type DecodedRecord, RecordCache } from './record-cache.ts';
import type { Awaitable, RecordDatabase } from './record-database.ts';

/** A kind with at most so many records is read whole when it is first listed. */
const smallKind = 2_000;
/** Bounds the cached records that one page looks at. */
const lookMax = 20_000;

/**
 * A database's records with those that were read or written lately in memory. Legal only for the one process that may
 * write to the database: the cache does not learn of changes that others make.
 */
export class CachedRecords implements RecordSource, RecordMemory {
  readonly #database: RecordDatabase;
  readonly #cache: RecordCache;
  readonly #stored: DatabaseRecords;

  constructor(database: RecordDatabase, cacheLimitChars: number) {
    this.#database = database;
    this.#cache = new RecordCache(cacheLimitChars);
    this.#stored = new DatabaseRecords(database, { memory: this });
  }

  recall<K extends RecordKind>(kind: K, id: string): RecordKinds[K] | undefined {
    return this.#cache.of(kind).get(id);
  }

  keep<K extends RecordKind>(kind: K, decoded: DecodedRecord<K>): void {
    this.#cache.keep(kind, decoded);
  }

  get<K extends RecordKind>(kind: K, id: string): Awaitable<RecordKinds[K] | undefined> {
    const cache = this.#cache.of(kind);
    return cache.get(id) ?? (cache.isComplete ? undefined : this.#stored.get(kind, id));
  }

  getMany<K extends RecordKind>(
    kind: K,
    ids: readonly string[],
  ): Awaitable<readonly (RecordKinds[K] | undefined)[]> {
    const cache = this.#cache.of(kind);
    const known = ids.map((id) => cache.get(id));
    if (cache.isComplete || !known.includes(undefined)) return known;
    return this.#stored.getMany(kind, ids);
  }

  async list<K extends RecordKind>(
    kind: K,
    query: ListQuery<K>,
  ): Promise<readonly RecordKinds[K][]> {
    await this.#readSmallKind(kind);
    const cached = this.#cache.of(kind).select(query, Number.POSITIVE_INFINITY);
    return cached ? cached.records : await this.#stored.list(kind, query);
  }

  async page<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> & { readonly limit: number },
  ): Promise<RecordPage<K>> {
    await this.#readSmallKind(kind);
    return this.#cache.of(kind).select(query, lookMax) ?? (await this.#stored.page(kind, query));
  }

  async count<K extends RecordKind>(kind: K, query: RecordQuery<K>): Promise<number> {
    return this.#cache.of(kind).count(query) ?? (await this.#stored.count(kind, query));
  }

  /** Takes over what a commit has written. */
  apply(changes: ChangeSet): void {
    for (const kind of changes.kinds()) this.#apply(kind, changes);
  }

  #apply<K extends RecordKind>(kind: K, changes: ChangeSet): void {
    const cache = this.#cache.of(kind);
    if (changes.isCleared(kind)) cache.clear();
    for (const [id, change] of changes.of(kind)) {
      if (change.what === 'delete') cache.delete(id);
      else this.#cache.keep(kind, { record: change.record, sizeChars: change.body.length });
    }
  }

  async #readSmallKind<K extends RecordKind>(kind: K): Promise<void> {
    const cache = this.#cache.of(kind);
    if (cache.isComplete || cache.isTooLarge) return;
    const stored = await this.#database.walk(kind, '', smallKind + 1);
    if (stored.length > smallKind) {
      cache.isTooLarge = true;
      return;
    }
    this.#cache.keepAll(
      kind,
      stored.map(({ body }) => ({ record: deepFreeze(JSON.parse(body)), sizeChars: body.length })),
    );
  }
}
