import type { HeldBytes } from '@bakehouse/domain';

interface HolderSet {
  readonly places: readonly number[];
  bytes: number;
  /** The set with one more place, by that place. */
  readonly with: Map<number, number>;
}

/**
 * Counts bytes by the set of maps that name them. Maps come one after the other, and few different sets come
 * of it, since snapshots follow from each other: so a chunk costs a number, the number of its set.
 */
export class HolderSets {
  readonly #sets: HolderSet[] = [{ places: [], bytes: 0, with: new Map() }];

  /** Moves a chunk's bytes to the set that has this place too; answers that set's number. */
  move(bytes: number, from: number | undefined, place: number): number {
    const set = this.#sets[from ?? 0];
    if (!set) throw new Error(`there is no set ${from}`);
    if (set.places.at(-1) === place) return from ?? 0;
    const number = set.with.get(place) ?? this.#add(set, place);
    if (from !== undefined) set.bytes -= bytes;
    const wider = this.#sets[number];
    if (wider) wider.bytes += bytes;
    return number;
  }

  held(): readonly HeldBytes[] {
    return this.#sets
      .filter(({ bytes }) => bytes > 0)
      .map(({ places, bytes }) => ({ maps: places, bytes }));
  }

  #add(set: HolderSet, place: number): number {
    const number =
      this.#sets.push({ places: [...set.places, place], bytes: 0, with: new Map() }) - 1;
    set.with.set(place, number);
    return number;
  }
}
