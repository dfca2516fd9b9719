import { expect, test } from 'vitest';
import { isWholeIdMap } from './id-map.ts';
import { nextSubordinateRange, subordinateRanges } from './subordinate-ids.ts';

const file = `alice:100000:65536
1001:165536:65536
# a comment
broken
alice:300000:10
alice:x:65536
`;

test('a user has the ranges that are given by name or by id', () => {
  expect(subordinateRanges(file, { name: 'alice', id: 1000 })).toEqual([
    { first: 100_000, count: 65_536 },
    { first: 300_000, count: 10 },
  ]);
  expect(subordinateRanges(file, { name: 'bob', id: 1001 })).toEqual([
    { first: 165_536, count: 65_536 },
  ]);
  expect(subordinateRanges(file, { name: 'carol', id: 1002 })).toEqual([]);
});

test('a new range is above all that are given', () => {
  expect(nextSubordinateRange([file, ''], 65_536)).toEqual({ first: 300_010, count: 65_536 });
  expect(nextSubordinateRange(['', ''], 65_536).first).toBe(100_000);
  const above = nextSubordinateRange(['', 'bob:500000:65536\n'], 65_536);
  expect(above.first).toBe(565_536);
});

test.each([
  ['         0          0 4294967295\n', true],
  ['         0       1000          1\n         1     100000      65536\n', false],
  ['         0     165536      65536\n', false],
])('a map of ids is whole or not: %j', (map, isWhole) => {
  expect(isWholeIdMap(map)).toBe(isWhole);
});
