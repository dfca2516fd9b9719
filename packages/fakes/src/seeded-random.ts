/** Numbers that follow from a seed, for tests that can be run again; not for keys. */
export interface Random {
  /** At least 0, below 1. */
  fraction(): number;
  /** A whole number, at least 0, below `limit`. */
  below(limit: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of the items, which must not be empty. */
  pick<Item>(items: readonly Item[]): Item;
  bytes(count: number): Uint8Array;
  /** A generator of its own, so that draws here do not shift draws there. */
  fork(name: string): Random;
}

/** The sfc32 generator by Chris Doty-Humphrey (PractRand), seeded by the text's FNV-1a hashes. */
export function seededRandom(seed: string | number): Random {
  const text = String(seed);
  const next = sfc32([1, 2, 3, 4].map((salt) => fnv1a(`${salt}/${text}`)));
  const fraction = () => next() / 2 ** 32;
  const below = (limit: number) => Math.floor(fraction() * limit);
  return {
    fraction,
    below,
    chance: (probability) => fraction() < probability,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
    fork: (name) => seededRandom(`${text}/${name}`),
  };
}

function sfc32(state: readonly number[]): () => number {
  let [a = 0, b = 0, c = 0, counter = 1] = state;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash;
}
