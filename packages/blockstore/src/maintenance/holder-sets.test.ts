import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HolderSets } from './holder-sets.ts';

const anySets = fc.array(fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 8,
});

/** The places of a set, one by one. */
function placesOf(sets: HolderSets, number: number): number[] {
  return sets
    .ranges(number)
    .flatMap(({ first, end }) => Array.from({ length: end - first }, (_, at) => first + at));
}

const sorted = (places: Iterable<number>) => [...new Set(places)].sort((a, b) => a - b);

test('a union has the places of all its sets, each once and in order', () => {
  fc.assert(
    fc.property(anySets, (groups) => {
      const sets = new HolderSets();
      const unions = groups.map((places) => sets.union(places.map((place) => sets.single(place))));
      for (const [at, places] of groups.entries()) {
        expect(placesOf(sets, unions[at] ?? -1)).toEqual(sorted(places));
      }
      expect(placesOf(sets, sets.union(unions))).toEqual(sorted(groups.flat()));
    }),
  );
});

test('equal sets have one number, however they came about', () => {
  const sets = new HolderSets();
  const [one, two, three] = [sets.single(1), sets.single(2), sets.single(3)];
  const left = sets.union([sets.union([one, two]), three]);
  const right = sets.union([three, sets.union([two, one]), two]);
  expect(left).toBe(right);
  expect(sets.ranges(left)).toEqual([{ first: 1, end: 4 }]);
  expect(sets.union([one])).toBe(one);
});
