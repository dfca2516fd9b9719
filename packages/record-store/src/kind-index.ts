import { type RecordKind, type RecordKinds, valuesUnder } from '@bakehouse/domain';
import { ValueIndex } from './value-index.ts';

interface BuiltIndex<K extends RecordKind> {
  readonly index: ValueIndex;
  readonly valuesOf: (record: RecordKinds[K]) => readonly string[];
}

/** The indexes of a kind whose records are all in memory, each built when a query first asks for it. */
export class KindIndex<K extends RecordKind> {
  readonly #kind: K;
  readonly #built = new Map<string, BuiltIndex<K>>();

  constructor(kind: K) {
    this.#kind = kind;
  }

  /** The index of that name; it is built from `all` when it does not exist yet. */
  of(name: string, all: () => Iterable<RecordKinds[K]>): ValueIndex {
    const known = this.#built.get(name);
    if (known) return known.index;
    const built = { index: new ValueIndex(), valuesOf: valuesUnder(this.#kind, name) };
    for (const record of all()) enter(built, record);
    this.#built.set(name, built);
    return built.index;
  }

  /** Keeps the indexes in step with a change of one record. */
  replace(before: RecordKinds[K] | undefined, after: RecordKinds[K] | undefined): void {
    for (const built of this.#built.values()) {
      if (before) for (const value of built.valuesOf(before)) built.index.remove(value, before.id);
      if (after) enter(built, after);
    }
  }

  clear(): void {
    this.#built.clear();
  }
}

function enter<K extends RecordKind>({ index, valuesOf }: BuiltIndex<K>, record: RecordKinds[K]) {
  for (const value of valuesOf(record)) index.add(value, record.id);
}
