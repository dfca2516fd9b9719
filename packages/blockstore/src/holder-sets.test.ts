import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HolderSets } from './holder-sets.ts';

test('a chunk counts once, with exactly the maps that name it', () => {
  const maps = fc.array(fc.array(fc.nat({ max: 8 }), { maxLength: 12 }), { maxLength: 6 });
  fc.assert(
    fc.property(maps, (named) => {
      const sets = new HolderSets();
      const setOf = new Map<number, number>();
      const bytesOf = (chunk: number) => 10 + chunk;
      for (const [place, chunks] of named.entries()) {
        for (const chunk of chunks) {
          setOf.set(chunk, sets.move(bytesOf(chunk), setOf.get(chunk), place));
        }
      }
      const expected = new Map<string, number>();
      for (const chunk of new Set(named.flat())) {
        const places = named.flatMap((chunks, place) => (chunks.includes(chunk) ? [place] : []));
        const key = places.join();
        expected.set(key, (expected.get(key) ?? 0) + bytesOf(chunk));
      }
      const held = sets.held().map(({ maps, bytes }) => [maps.join(), bytes] as const);
      expect(new Map(held)).toEqual(expected);
      expect(held).toHaveLength(expected.size);
    }),
  );
});
