import { type RecordKind, type RecordKinds, recordKinds } from '@bakehouse/domain';
import { KindCache } from './kind-cache.ts';

type KindCaches = { readonly [K in RecordKind]: KindCache<K> };

export interface DecodedRecord<K extends RecordKind> {
  readonly record: RecordKinds[K];
  /** Characters of JSON that it was decoded from. */
  readonly sizeChars: number;
}

/** The caches of all kinds under one bound. */
export class RecordCache {
  readonly #limitChars: number;
  // The compiler cannot see that each kind gets a cache of its own kind.
  readonly #kinds = Object.fromEntries(
    recordKinds.map((kind) => [kind, new KindCache(kind)]),
  ) as unknown as KindCaches;

  constructor(limitChars: number) {
    this.#limitChars = limitChars;
  }

  of<K extends RecordKind>(kind: K): KindCache<K> {
    return this.#kinds[kind];
  }

  keep<K extends RecordKind>(kind: K, { record, sizeChars }: DecodedRecord<K>): void {
    this.of(kind).set(record.id, record, sizeChars);
    this.#shrink();
  }

  /** Keeps every record of a kind, if they fit. Other kinds make room: who lists a whole kind mostly does so again. */
  keepAll<K extends RecordKind>(kind: K, decoded: Iterable<DecodedRecord<K>>): void {
    const cache = this.of(kind);
    cache.clear();
    for (const { record, sizeChars } of decoded) cache.set(record.id, record, sizeChars);
    cache.markComplete();
    cache.isTooLarge = cache.sizeChars > this.#limitChars;
    this.#shrink(kind);
  }

  /** Takes from the largest kind first, and from `spared` last. */
  #shrink(spared?: RecordKind): void {
    for (let excess = this.#excess(); excess > 0; excess = this.#excess()) {
      const filled = recordKinds.filter((kind) => kind !== spared && this.of(kind).sizeChars > 0);
      const victim = filled.reduce(
        (a, b) => (this.of(b).sizeChars > this.of(a).sizeChars ? b : a),
        filled[0] ?? spared ?? 'setting',
      );
      this.of(victim).shrinkTo(this.of(victim).sizeChars - excess);
    }
  }

  #excess(): number {
    const total = recordKinds.reduce((sum, kind) => sum + this.of(kind).sizeChars, 0);
    return total - this.#limitChars;
  }
}
