import type { HeldBytes, PlaceRange } from '@bakehouse/domain';

/** The number of a set of maps. Equal sets have equal numbers. */
export type SetNumber = number;

/** Sets of maps, each a list of ascending ranges of places; each different set is kept once. */
export class HolderSets {
  readonly #sets: (readonly PlaceRange[])[] = [];
  readonly #numbers = new Map<string, SetNumber>();

  /** The set of one map. */
  single(place: number): SetNumber {
    return this.#numberOf([{ first: place, end: place + 1 }]);
  }

  /** The set of all maps that are in one of these sets. */
  union(sets: Iterable<SetNumber>): SetNumber {
    const numbers = [...new Set(sets)];
    const [only] = numbers;
    if (numbers.length === 1 && only !== undefined) return only;
    const ranges = numbers
      .flatMap((number) => this.#sets[number] ?? [])
      .sort((left, right) => left.first - right.first);
    return this.#numberOf(merged(ranges));
  }

  ranges(set: SetNumber): readonly PlaceRange[] {
    return this.#sets[set] ?? [];
  }

  /** Bytes by set, of which only those with bytes are listed. */
  held(bytesOf: ReadonlyMap<SetNumber, number>): readonly HeldBytes[] {
    return [...bytesOf]
      .filter(([, bytes]) => bytes > 0)
      .map(([set, bytes]) => ({ maps: this.ranges(set), bytes }));
  }

  #numberOf(ranges: readonly PlaceRange[]): SetNumber {
    const key = ranges.map(({ first, end }) => `${first}-${end}`).join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#sets.push(ranges) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

/** Ranges in order of their beginning, without overlaps. */
function merged(sorted: readonly PlaceRange[]): readonly PlaceRange[] {
  const ranges: { first: number; end: number }[] = [];
  for (const { first, end } of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && first <= last.end) last.end = Math.max(last.end, end);
    else ranges.push({ first, end });
  }
  return ranges;
}
