import { type RecordKind, type RecordKinds, valuesUnder } from '@bakehouse/domain';
import { ValueIndex } from './value-index.ts';

interface Made<K extends RecordKind> {
  readonly index: ValueIndex;
  readonly valuesOf: (record: RecordKinds[K]) => readonly string[];
}

/** The indexes of a kind whose records are all held, each made when a query first asks for it. */
export class KindIndex<K extends RecordKind> {
  readonly #kind: K;
  readonly #made = new Map<string, Made<K>>();

  constructor(kind: K) {
    this.#kind = kind;
  }

  /** The index of that name; `all` answers every record of the kind, should it have to be made. */
  of(name: string, all: () => readonly RecordKinds[K][]): ValueIndex {
    const before = this.#made.get(name);
    if (before) return before.index;
    const made = { index: new ValueIndex(), valuesOf: valuesUnder(this.#kind, name) };
    for (const record of all()) enter(made, record);
    this.#made.set(name, made);
    return made.index;
  }

  /** Keeps the indexes that are made in step with a change of one record. */
  replace(before: RecordKinds[K] | undefined, after: RecordKinds[K] | undefined): void {
    for (const made of this.#made.values()) {
      if (before) for (const value of made.valuesOf(before)) made.index.remove(value, before.id);
      if (after) enter(made, after);
    }
  }

  clear(): void {
    this.#made.clear();
  }
}

function enter<K extends RecordKind>({ index, valuesOf }: Made<K>, record: RecordKinds[K]): void {
  for (const value of valuesOf(record)) index.add(value, record.id);
}
