/** Deterministic draws: the same seed gives the same session. */
export interface Random {
  /** An integer from `min` to `max`, both included. */
  int(min: number, max: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  bytes(lengthBytes: number): Buffer;
}

/** Bob Jenkins' small generator, sfc32, seeded by a hash of the text. */
export function randomOf(seed: string): Random {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  for (const unit of seed) a = Math.imul(a ^ (unit.codePointAt(0) ?? 0), 0x01000193);
  const next = (): number => {
    const mixed = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + mixed;
    return mixed >>> 0;
  };
  for (let turn = 0; turn < 15; turn++) next();
  const int = (min: number, max: number) => min + (next() % (max - min + 1));
  return {
    int,
    chance: (probability) => next() < probability * 2 ** 32,
    pick: (items) => items[int(0, items.length - 1)] ?? items[0],
    bytes: (lengthBytes) => Buffer.from(Uint8Array.from({ length: lengthBytes }, () => next())),
  };
}
