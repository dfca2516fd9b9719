import {
  indexValues,
  type ListQuery,
  queryPredicate,
  queryTerms,
  type RecordKind,
  type RecordKinds,
  regionOf,
} from '@bakehouse/domain';
import type { ChangeSet } from './change-set.ts';
import { deepFreeze } from './deep-freeze.ts';
import { sortedById } from './kind-cache.ts';
import { type DecodedRecord, RecordCache } from './record-cache.ts';
import type { IndexRow, IndexTerm, RecordDatabase } from './record-database.ts';

/** Above so many candidates one pass over the cached kind is quicker than as many look-ups. */
const candidateLimit = 4_000;
/** A kind of at most so many records is held whole once it was listed. */
const smallKind = 1_000;

/** What `get` and `list` answer at once, without a promise. */
export interface RecordSource {
  get<K extends RecordKind>(kind: K, id: string): RecordKinds[K] | undefined;
  list<K extends RecordKind>(kind: K, query: ListQuery<K>): readonly RecordKinds[K][];
}

/** The committed state: the database, and in front of it what was decoded lately. */
export class CommittedRecords implements RecordSource {
  readonly #database: RecordDatabase;
  readonly #cache: RecordCache;

  constructor(database: RecordDatabase, cacheLimitChars: number) {
    this.#database = database;
    this.#cache = new RecordCache(cacheLimitChars);
  }

  get<K extends RecordKind>(kind: K, id: string): RecordKinds[K] | undefined {
    const cache = this.#cache.of(kind);
    const cached = cache.get(id);
    if (cached || cache.isComplete) return cached;
    const body = this.#database.find(kind, id);
    if (body === undefined) return undefined;
    const decoded = decode<K>(body);
    this.#cache.keep(kind, decoded);
    return decoded.record;
  }

  list<K extends RecordKind>(kind: K, query: ListQuery<K>): readonly RecordKinds[K][] {
    this.#holdSmallKind(kind);
    const held = this.#cache.of(kind).select(query);
    if (held) return held;
    const matches = queryPredicate(kind, query);
    const ids = this.#candidates(kind, query);
    if (ids) {
      const found = [...ids].flatMap((id) => this.get(kind, id) ?? []);
      return sortedById(found.filter(matches));
    }
    const all = this.#all(kind);
    return query.region === undefined && queryTerms(query).length === 0 ? all : all.filter(matches);
  }

  /** Writes all changes to disk, then to the cache. Throws with nothing changed. */
  commit(changes: ChangeSet): void {
    this.#database.transaction(() => {
      for (const kind of changes.kinds()) this.#write(kind, changes);
    });
    for (const kind of changes.kinds()) this.#remember(kind, changes);
  }

  #write<K extends RecordKind>(kind: K, changes: ChangeSet): void {
    const isCleared = changes.isCleared(kind);
    if (isCleared) this.#database.clear(kind);
    for (const [id, change] of changes.of(kind)) {
      const before = isCleared ? undefined : this.get(kind, id);
      const after = change.what === 'put' ? change.record : undefined;
      if (change.what === 'put') this.#database.put(kind, id, change.body);
      else if (before) this.#database.remove(kind, id);
      this.#writeIndex(before && indexRows(kind, before), after && indexRows(kind, after));
    }
  }

  #writeIndex(before: IndexRows = new Map(), after: IndexRows = new Map()): void {
    for (const [key, row] of before) if (!after.has(key)) this.#database.removeIndex(row);
    for (const [key, row] of after) if (!before.has(key)) this.#database.addIndex(row);
  }

  #remember<K extends RecordKind>(kind: K, changes: ChangeSet): void {
    const cache = this.#cache.of(kind);
    if (changes.isCleared(kind)) cache.clear();
    for (const [id, change] of changes.of(kind)) {
      if (change.what === 'delete') cache.delete(id);
      else this.#cache.keep(kind, { record: change.record, sizeChars: change.body.length });
    }
  }

  #holdSmallKind(kind: RecordKind): void {
    const cache = this.#cache.of(kind);
    if (cache.isComplete || cache.isLarge || !cache.fits) return;
    cache.isLarge = this.#database.countKind(kind, smallKind + 1) > smallKind;
    if (!cache.isLarge) this.#all(kind);
  }

  /** Ids by the index that names the fewest; undefined when a pass over all records is better. */
  #candidates<K extends RecordKind>(kind: K, query: ListQuery<K>): ReadonlySet<string> | undefined {
    const choices = queryTerms(query).map(([name, values]) =>
      [...new Set(values)].map((value): IndexTerm => ({ kind, name, value, region: query.region })),
    );
    const counts = choices.map((terms) => this.#count(terms));
    const fewest = Math.min(...counts);
    const terms = choices[counts.indexOf(fewest)];
    if (!terms || (fewest >= candidateLimit && this.#cache.of(kind).fits)) return undefined;
    return new Set(terms.flatMap((term) => this.#database.indexedIds(term)));
  }

  #count(terms: readonly IndexTerm[]): number {
    let count = 0;
    for (const term of terms) {
      if (count >= candidateLimit) break;
      count += this.#database.countIndexed(term, candidateLimit);
    }
    return Math.min(count, candidateLimit);
  }

  #all<K extends RecordKind>(kind: K): readonly RecordKinds[K][] {
    const cached = this.#cache.of(kind).all();
    return cached ?? this.#cache.keepAll(kind, this.#decodeAll(kind));
  }

  *#decodeAll<K extends RecordKind>(kind: K): Generator<DecodedRecord<K>> {
    for (const body of this.#database.bodiesOf(kind)) yield decode<K>(body);
  }
}

function decode<K extends RecordKind>(body: string): DecodedRecord<K> {
  const record: RecordKinds[K] = JSON.parse(body);
  return { record: deepFreeze(record), sizeChars: body.length };
}

type IndexRows = ReadonlyMap<string, IndexRow>;

export function indexRows<K extends RecordKind>(kind: K, record: RecordKinds[K]): IndexRows {
  const region = regionOf(record);
  return new Map(
    indexValues(kind, record).map(([name, value]) => [
      `${region}\0${name}\0${value}`,
      { kind, name, value, region, id: record.id },
    ]),
  );
}
