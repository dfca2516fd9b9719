import type { NftChain, NftSet, Ruleset } from './ruleset.ts';

/** What one thing (a NIC, a group, a subnet) adds to a table. Parts may share sets, elements and equal chains. */
export interface TablePart {
  readonly sets?: Readonly<Record<string, NftSet>>;
  readonly chains?: Readonly<Record<string, NftChain>>;
}

/** New parts by their keys; undefined: none. */
export type PartChanges = ReadonlyMap<string, TablePart | undefined>;

/** Both sides of a change, with nothing that is the same in both. */
export interface TableChange {
  readonly before: Ruleset;
  readonly after: Ruleset;
  /** The changes that undo it. */
  readonly undo: PartChanges;
}

interface CountedSet {
  readonly set: NftSet;
  uses: number;
  readonly elements: Map<string, number>;
}

interface CountedChain {
  chain: NftChain;
  uses: number;
}

/** The names and elements that a change touches, as they were before it. */
interface Touched {
  readonly sets: Map<string, NftSet | undefined>;
  readonly elements: Map<string, Map<string, boolean>>;
  readonly chains: Map<string, NftChain | undefined>;
}

/** A table as the sum of its parts. The cost of a change depends only on the parts that change. */
export class TableParts {
  readonly #empty: Ruleset;
  readonly #parts = new Map<string, TablePart>();
  readonly #sets = new Map<string, CountedSet>();
  readonly #chains = new Map<string, CountedChain>();

  constructor(family: Ruleset['family'], table: string) {
    this.#empty = { family, table, sets: {}, chains: {} };
  }

  keys(): Iterable<string> {
    return this.#parts.keys();
  }

  /** The whole table. */
  whole(): Ruleset {
    const sets = [...this.#sets].map(([name, { set, elements }]) => [
      name,
      { ...set, elements: [...elements.keys()] },
    ]);
    const chains = [...this.#chains].map(([name, { chain }]) => [name, chain]);
    return {
      ...this.#empty,
      sets: Object.fromEntries(sets),
      chains: Object.fromEntries(chains),
    };
  }

  change(changes: PartChanges): TableChange {
    const touched: Touched = { sets: new Map(), elements: new Map(), chains: new Map() };
    const undo = new Map<string, TablePart | undefined>();
    for (const [key, part] of changes) {
      undo.set(key, this.#parts.get(key));
      // The new part first: what both have is never absent.
      if (part) this.#add(part, touched);
      const old = this.#parts.get(key);
      if (old) this.#remove(old, touched);
      if (part) this.#parts.set(key, part);
      else this.#parts.delete(key);
    }
    return { ...this.#sides(touched), undo };
  }

  #add(part: TablePart, touched: Touched): void {
    for (const [name, set] of Object.entries(part.sets ?? {})) {
      this.#touchSet(name, set, touched);
      const counted = this.#sets.get(name) ?? { set, uses: 0, elements: new Map() };
      this.#sets.set(name, counted);
      counted.uses += 1;
      for (const element of set.elements) count(counted.elements, element, 1);
    }
    for (const [name, chain] of Object.entries(part.chains ?? {})) {
      this.#touchChain(name, touched);
      const counted = this.#chains.get(name) ?? { chain, uses: 0 };
      this.#chains.set(name, counted);
      counted.chain = chain;
      counted.uses += 1;
    }
  }

  #remove(part: TablePart, touched: Touched): void {
    for (const [name, set] of Object.entries(part.sets ?? {})) {
      this.#touchSet(name, set, touched);
      const counted = this.#sets.get(name);
      if (counted === undefined) continue;
      counted.uses -= 1;
      for (const element of set.elements) count(counted.elements, element, -1);
      if (counted.uses === 0) this.#sets.delete(name);
    }
    for (const name of Object.keys(part.chains ?? {})) {
      this.#touchChain(name, touched);
      const counted = this.#chains.get(name);
      if (counted === undefined) continue;
      counted.uses -= 1;
      if (counted.uses === 0) this.#chains.delete(name);
    }
  }

  #touchSet(name: string, set: NftSet, touched: Touched): void {
    const counted = this.#sets.get(name);
    if (!touched.sets.has(name)) touched.sets.set(name, counted?.set);
    const elements = touched.elements.get(name) ?? new Map<string, boolean>();
    touched.elements.set(name, elements);
    for (const element of set.elements) {
      if (!elements.has(element)) elements.set(element, counted?.elements.has(element) ?? false);
    }
  }

  #touchChain(name: string, { chains }: Touched): void {
    if (!chains.has(name)) chains.set(name, this.#chains.get(name)?.chain);
  }

  #sides(touched: Touched): { readonly before: Ruleset; readonly after: Ruleset } {
    const before: Record<string, NftSet> = {};
    const after: Record<string, NftSet> = {};
    for (const [name, old] of touched.sets) {
      const now = this.#sets.get(name);
      const elements = [...(touched.elements.get(name) ?? [])];
      const had = elements.filter(([, was]) => was).map(([element]) => element);
      const has = elements.map(([element]) => element).filter((each) => now?.elements.has(each));
      if (old) before[name] = { ...old, elements: had };
      if (now) after[name] = { ...now.set, elements: has };
    }
    const oldChains = [...touched.chains].filter(([, chain]) => chain !== undefined);
    const newChains = [...touched.chains.keys()].flatMap((name) => {
      const chain = this.#chains.get(name)?.chain;
      return chain === undefined ? [] : [[name, chain] as const];
    });
    return {
      before: {
        ...this.#empty,
        sets: before,
        chains: Object.fromEntries(oldChains) as Ruleset['chains'],
      },
      after: { ...this.#empty, sets: after, chains: Object.fromEntries(newChains) },
    };
  }
}

function count(counts: Map<string, number>, key: string, by: number): void {
  const value = (counts.get(key) ?? 0) + by;
  if (value === 0) counts.delete(key);
  else counts.set(key, value);
}
