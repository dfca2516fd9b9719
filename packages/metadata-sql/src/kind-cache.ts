import type { RecordKind, RecordKinds } from '@bakehouse/domain';

/** So many changes are put in place one by one; after more, sorting anew is quicker. */
const fewChanges = 200;

/**
 * Decoded, frozen records of one kind: those that were asked for lately, or all of them. Holds committed
 * state only.
 */
export class KindCache<K extends RecordKind> {
  /** Characters of JSON behind the records that are held. */
  sizeChars = 0;
  /** False once the kind turned out larger than the whole cache may be, so that it is not tried again. */
  fits = true;
  readonly #entries = new Map<string, { record: RecordKinds[K]; sizeChars: number }>();
  /** All records in order of id; replaced, never changed, because callers hold it. */
  #all: readonly RecordKinds[K][] | undefined;
  /** Ids whose records differ from `#all`. */
  readonly #changedSinceAll = new Set<string>();

  get(id: string): RecordKinds[K] | undefined {
    return this.#entries.get(id)?.record;
  }

  set(id: string, record: RecordKinds[K], sizeChars: number): void {
    this.sizeChars += sizeChars - (this.#entries.get(id)?.sizeChars ?? 0);
    this.#entries.set(id, { record, sizeChars });
    if (this.#all) this.#changedSinceAll.add(id);
  }

  delete(id: string): void {
    this.sizeChars -= this.#entries.get(id)?.sizeChars ?? 0;
    this.#entries.delete(id);
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

  /** Forgets the records that have been held longest until no more than `limitChars` are left. */
  shrinkTo(limitChars: number): void {
    for (const [id, entry] of this.#entries) {
      if (this.sizeChars <= limitChars) return;
      this.#entries.delete(id);
      this.sizeChars -= entry.sizeChars;
      this.#all = undefined;
      this.#changedSinceAll.clear();
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#all = undefined;
    this.#changedSinceAll.clear();
    this.sizeChars = 0;
    this.fits = true;
  }
}

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
