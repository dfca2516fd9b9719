import {
  type ListQuery,
  queryTerms,
  type RecordKind,
  type RecordKinds,
  regionOf,
} from '@bakehouse/domain';
import { KindIndex } from './kind-index.ts';

/** So many changes are put in place one by one; after more, sorting anew is quicker. */
const fewChanges = 200;
/** A query that leaves more than this share of the kind is answered by one pass in order. */
const broadShare = 1 / 8;

/**
 * Decoded, frozen records of one kind: those that were asked for lately, or all of them. Holds committed
 * state only.
 */
export class KindCache<K extends RecordKind> {
  /** Characters of JSON behind the records that are held. */
  sizeChars = 0;
  /** False once the kind turned out larger than the whole cache may be, so that it is not tried again. */
  fits = true;
  /** True once the kind was found to have too many records to be read whole for one query. */
  isLarge = false;
  readonly #entries = new Map<string, { record: RecordKinds[K]; sizeChars: number }>();
  /** All records in order of id; replaced, never changed, because callers hold it. */
  #all: readonly RecordKinds[K][] | undefined;
  /** Ids whose records differ from `#all`. */
  readonly #changedSinceAll = new Set<string>();
  readonly #indexes: KindIndex<K>;

  constructor(kind: K) {
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
    if (this.#all) this.#changedSinceAll.add(id);
  }

  delete(id: string): void {
    const before = this.#entries.get(id);
    this.sizeChars -= before?.sizeChars ?? 0;
    this.#entries.delete(id);
    this.#indexes.replace(before?.record, undefined);
    if (this.#all) this.#changedSinceAll.add(id);
  }

  /** To be called after every record of the kind was set. */
  markComplete(): void {
    this.#all = sortedById([...this.#entries.values()].map((entry) => entry.record));
    this.#changedSinceAll.clear();
  }

  /** True when `get` answers undefined only for what does not exist. */
  get isComplete(): boolean {
    return this.#all !== undefined;
  }

  /** Every record in order of id; undefined unless complete. */
  all(): readonly RecordKinds[K][] | undefined {
    if (!this.#all || this.#changedSinceAll.size === 0) return this.#all;
    if (this.#changedSinceAll.size > fewChanges) {
      this.markComplete();
      return this.#all;
    }
    const all = [...this.#all];
    for (const id of this.#changedSinceAll) replaceById(all, id, this.get(id));
    this.#all = all;
    this.#changedSinceAll.clear();
    return all;
  }

  /** What a query finds, in order of id; undefined unless complete. */
  select(query: ListQuery<K>): readonly RecordKinds[K][] | undefined {
    if (!this.#all) return undefined;
    const terms = queryTerms(query).map(([name, values]) => this.#found(name, values));
    const matches = (record: RecordKinds[K]) =>
      (query.region === undefined || regionOf(record) === query.region) &&
      terms.every((sets) => sets.some((ids) => ids.has(record.id)));
    const [narrowest = []] = terms.toSorted((a, b) => sizeOf(a) - sizeOf(b));
    if (terms.length === 0 || sizeOf(narrowest) > this.#entries.size * broadShare) {
      return terms.length === 0 && query.region === undefined
        ? this.all()
        : this.all()?.filter(matches);
    }
    const ids = [...new Set(narrowest.flatMap((set) => [...set]))];
    return sortedById(ids.flatMap((id) => this.get(id) ?? []).filter(matches));
  }

  /** The ids under each of an index's values. */
  #found(name: string, values: readonly string[]): readonly ReadonlySet<string>[] {
    const index = this.#indexes.of(name, () => this.all() ?? []);
    return [...new Set(values)].map((value) => index.under(value));
  }

  /** Forgets the records that have been held longest until no more than `limitChars` are left. */
  shrinkTo(limitChars: number): void {
    for (const [id, entry] of this.#entries) {
      if (this.sizeChars <= limitChars) return;
      this.#entries.delete(id);
      this.sizeChars -= entry.sizeChars;
      this.#all = undefined;
      this.#changedSinceAll.clear();
      this.#indexes.clear();
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#indexes.clear();
    this.#all = undefined;
    this.#changedSinceAll.clear();
    this.sizeChars = 0;
    this.fits = true;
    this.isLarge = false;
  }
}

const sizeOf = (sets: readonly ReadonlySet<string>[]) =>
  sets.reduce((sum, ids) => sum + ids.size, 0);

/** Puts the record in its place, or takes what is there away. */
function replaceById<Row extends { readonly id: string }>(
  rows: Row[],
  id: string,
  row: Row | undefined,
): void {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.id ?? '') < id) low = middle + 1;
    else high = middle;
  }
  const isThere = rows[low]?.id === id;
  rows.splice(low, isThere ? 1 : 0, ...(row ? [row] : []));
}

/** In order of UTF-16 code units, which is not the order of UTF-8 bytes that the database has. */
export function sortedById<Row extends { readonly id: string }>(rows: Row[]): readonly Row[] {
  return rows.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
