import {
  type ListQuery,
  queryPredicate,
  queryTerms,
  type RecordKind,
  type RecordKinds,
  type RecordPage,
  type RecordQuery,
  regionOf,
} from '@bakehouse/domain';
import { KindIndex } from './kind-index.ts';
import { SortedIds } from './sorted-ids.ts';

/** A look-up by id costs so many times what a look at the next record in order costs. */
const sortCost = 8;

type Test<K extends RecordKind> = (record: RecordKinds[K]) => boolean;

/** Decoded, frozen, committed records of one kind: some of them, or all. */
export class KindCache<K extends RecordKind> {
  /** Characters of JSON of the records in the cache. */
  sizeChars = 0;
  /** Set when the kind turned out to have too many or too large records to be kept whole. */
  isTooLarge = false;
  readonly #kind: K;
  readonly #entries = new Map<string, { record: RecordKinds[K]; sizeChars: number }>();
  readonly #indexes: KindIndex<K>;
  /** The ids in order; present when every record of the kind is in the cache. */
  #ids: SortedIds | undefined;

  constructor(kind: K) {
    this.#kind = kind;
    this.#indexes = new KindIndex(kind);
  }

  get(id: string): RecordKinds[K] | undefined {
    return this.#entries.get(id)?.record;
  }

  set(id: string, record: RecordKinds[K], sizeChars: number): void {
    const before = this.#entries.get(id);
    this.sizeChars += sizeChars - (before?.sizeChars ?? 0);
    this.#entries.set(id, { record, sizeChars });
    this.#indexes.replace(before?.record, record);
    if (!before) this.#ids?.add(id);
  }

  delete(id: string): void {
    const before = this.#entries.get(id);
    if (!before) return;
    this.sizeChars -= before.sizeChars;
    this.#entries.delete(id);
    this.#indexes.replace(before.record, undefined);
    this.#ids?.remove(id);
  }

  /** To be called after every record of the kind was set. */
  markComplete(): void {
    const ids = new SortedIds();
    for (const id of this.#entries.keys()) ids.add(id);
    this.#ids = ids;
  }

  /** True when what `get` does not find does not exist. */
  get isComplete(): boolean {
    return this.#ids !== undefined;
  }

  /** How many records a query finds; undefined unless complete. No look at records for one value of one index. */
  count(query: RecordQuery<K>): number | undefined {
    if (!this.#ids) return undefined;
    const [term, ...others] = queryTerms(query);
    if (query.region === undefined && others.length === 0) {
      if (!term) return this.#entries.size;
      const [value, ...values] = 'values' in term ? term.values : [];
      if (value !== undefined && values.length === 0) {
        return this.#indexes.of(term.name, () => this.#all()).under(value).size;
      }
    }
    return this.select(query, Number.POSITIVE_INFINITY)?.records.length;
  }

  /**
   * What a query finds, in order of id; undefined unless complete. Ends early after looking at `lookMax` records, with
   * `next` set.
   */
  select(query: ListQuery<K>, lookMax: number): RecordPage<K> | undefined {
    if (!this.#ids) return undefined;
    const { after = '', limit = Number.POSITIVE_INFINITY } = query;
    const { matches, narrow } = this.#plan(query, limit);
    const ids = narrow ? sortedAfter(narrow, after) : this.#ids.after(after);
    const records: RecordKinds[K][] = [];
    let looked = 0;
    let last = after;
    for (const id of ids) {
      if (records.length >= limit || looked === lookMax) return { records, next: last };
      const record = this.get(id);
      if (record && matches(record)) records.push(record);
      last = id;
      looked += 1;
    }
    return { records };
  }

  /** The query as a test, and the ids that an index leaves where looking at those is quicker than at all. */
  #plan(query: ListQuery<K>, limit: number) {
    const tests: Test<K>[] = [];
    const indexed: (readonly ReadonlySet<string>[])[] = [];
    if (query.ranges) tests.push(queryPredicate(this.#kind, { ranges: query.ranges }));
    for (const term of queryTerms(query)) {
      if ('ranges' in term) continue;
      const index = this.#indexes.of(term.name, () => this.#all());
      indexed.push(term.values.map((value) => index.under(value)));
    }
    const [narrowest] = indexed.toSorted((a, b) => sizeOf(a) - sizeOf(b));
    const narrow = narrowest && this.#isNarrow(sizeOf(narrowest), limit) ? narrowest : undefined;
    // What is looked up in an index need not be tested.
    for (const found of indexed) if (found !== narrow) tests.push(isIn(found));
    const { region } = query;
    if (region !== undefined) tests.push((record) => regionOf(record) === region);
    const matches: Test<K> = (record) => tests.every((test) => test(record));
    return { matches, narrow };
  }

  #isNarrow(found: number, limit: number): boolean {
    const all = this.#entries.size;
    // With the found ones spread evenly, a walk in order has so many records to look at for a page.
    return found * sortCost < Math.min(all, (limit * all) / Math.max(1, found));
  }

  *#all(): Generator<RecordKinds[K]> {
    for (const { record } of this.#entries.values()) yield record;
  }

  /** Drops the oldest entries until no more than `limitChars` are left. */
  shrinkTo(limitChars: number): void {
    for (const [id, entry] of this.#entries) {
      if (this.sizeChars <= limitChars) return;
      this.#entries.delete(id);
      this.sizeChars -= entry.sizeChars;
      this.#ids = undefined;
      this.#indexes.clear();
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#indexes.clear();
    this.#ids = undefined;
    this.sizeChars = 0;
    this.isTooLarge = false;
  }
}

/** More sets than this are made one, so that a test of many values costs no more than that of one. */
const separateSetsMax = 8;

function isIn(sets: readonly ReadonlySet<string>[]): (record: { readonly id: string }) => boolean {
  if (sets.length <= separateSetsMax) return ({ id }) => sets.some((ids) => ids.has(id));
  const all = new Set<string>();
  for (const ids of sets) for (const id of ids) all.add(id);
  return ({ id }) => all.has(id);
}

const sizeOf = (sets: readonly ReadonlySet<string>[]) =>
  sets.reduce((sum, ids) => sum + ids.size, 0);

function sortedAfter(sets: readonly ReadonlySet<string>[], after: string): readonly string[] {
  const ids = new Set<string>();
  for (const set of sets) for (const id of set) if (id > after) ids.add(id);
  return [...ids].sort();
}
