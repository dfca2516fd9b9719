import {
  type ListQuery,
  queryPredicate,
  type RecordKind,
  type RecordKinds,
  type RecordPage,
  type RecordQuery,
} from '@bakehouse/domain';
import type { ChangeSet } from './change-set.ts';
import type { RecordSource } from './database-records.ts';
import type { Awaitable } from './record-database.ts';

/** The committed state with changes that are not committed yet. */
export class OverlaidRecords implements RecordSource {
  readonly #committed: RecordSource;
  readonly #changes: ChangeSet;

  constructor(committed: RecordSource, changes: ChangeSet) {
    this.#committed = committed;
    this.#changes = changes;
  }

  get<K extends RecordKind>(kind: K, id: string): Awaitable<RecordKinds[K] | undefined> {
    const change = this.#changes.of(kind).get(id);
    if (change) return change.what === 'put' ? change.record : undefined;
    return this.#changes.isCleared(kind) ? undefined : this.#committed.get(kind, id);
  }

  async getMany<K extends RecordKind>(
    kind: K,
    ids: readonly string[],
  ): Promise<readonly (RecordKinds[K] | undefined)[]> {
    const changes = this.#changes.of(kind);
    const isCleared = this.#changes.isCleared(kind);
    const before = isCleared ? [] : await this.#committed.getMany(kind, ids);
    return ids.map((id, index) => {
      const change = changes.get(id);
      if (!change) return before[index];
      return change.what === 'put' ? change.record : undefined;
    });
  }

  async list<K extends RecordKind>(
    kind: K,
    query: ListQuery<K>,
  ): Promise<readonly RecordKinds[K][]> {
    const changes = this.#changes.of(kind);
    if (this.#changes.isCleared(kind)) return this.#merge(kind, query, { records: [] }).records;
    if (changes.size === 0) return await this.#committed.list(kind, query);
    // Each change may take one record away from what the limit leaves.
    const limit = query.limit === undefined ? {} : { limit: query.limit + changes.size };
    const records = await this.#committed.list(kind, { ...query, ...limit });
    return this.#merge(kind, query, { records }).records;
  }

  async page<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> & { readonly limit: number },
  ): Promise<RecordPage<K>> {
    if (this.#changes.isCleared(kind)) return this.#merge(kind, query, { records: [] });
    const page = await this.#committed.page(kind, query);
    return this.#changes.of(kind).size === 0 ? page : this.#merge(kind, query, page);
  }

  async count<K extends RecordKind>(kind: K, query: RecordQuery<K>): Promise<number> {
    const changes = this.#changes.of(kind);
    const isCleared = this.#changes.isCleared(kind);
    let count = isCleared ? 0 : await this.#committed.count(kind, query);
    if (changes.size === 0) return count;
    const matches = queryPredicate(kind, query);
    const before = isCleared ? [] : await this.#committed.getMany(kind, [...changes.keys()]);
    for (const record of before) if (record && matches(record)) count -= 1;
    for (const change of changes.values()) {
      if (change.what === 'put' && matches(change.record)) count += 1;
    }
    return count;
  }

  /** A page of the committed state with the changes up to where it ends. */
  #merge<K extends RecordKind>(
    kind: K,
    query: ListQuery<K>,
    { records, next }: RecordPage<K>,
  ): RecordPage<K> {
    const { after = '', limit = Number.POSITIVE_INFINITY } = query;
    const matches = queryPredicate(kind, query);
    const changes = this.#changes.of(kind);
    const merged = records.filter((record) => !changes.has(record.id));
    for (const [id, change] of changes) {
      const isInPage = id > after && (next === undefined || id <= next);
      if (isInPage && change.what === 'put' && matches(change.record)) merged.push(change.record);
    }
    merged.sort((a, b) => (a.id < b.id ? -1 : 1));
    if (merged.length > limit) {
      const kept = merged.slice(0, limit);
      return { records: kept, next: kept.at(-1)?.id ?? after };
    }
    return { records: merged, ...(next === undefined ? {} : { next }) };
  }
}
