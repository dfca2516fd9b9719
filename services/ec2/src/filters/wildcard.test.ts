import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isWildcard, literalPrefix, wildcardMatcher } from './wildcard.ts';

const uncounted = { spend: () => {} };
const matches = (pattern: string, value: string) => wildcardMatcher(pattern)(value, uncounted);

/** The steps that one comparison takes. */
/** What the first comparison spends to compile the pattern, and what comparing spends. */
function stepsOf(pattern: string, value: string) {
  let steps = 0;
  const work = {
    spend(count: number) {
      steps += count;
    },
  };
  const isMatch = wildcardMatcher(pattern);
  isMatch(value, work);
  const first = steps;
  isMatch(value, work);
  const compare = steps - first;
  return { compile: first - compare, compare };
}

test.each([
  ['web-*', 'web-1', true],
  ['web-*', 'a web-1', false],
  ['*', '', true],
  ['?', '', false],
  ['a?c', 'abc', true],
  ['a?c', 'a😀c', true],
  ['a\\*', 'a*', true],
  ['a\\*', 'ab', false],
  ['*a*b', 'xaxxb', true],
  ['*a*b', 'xaxxbx', false],
  ['a\nb*', 'a\nbc', true],
  ['\\', '\\', true],
])('%j on %j is %s', (pattern, value, expected) => {
  expect(matches(pattern, value)).toBe(expected);
});

test.each([
  `${'*a'.repeat(100)}*b`,
  `*${'a'.repeat(253)}b`,
  `*${'a'.repeat(126)}?${'a'.repeat(126)}b`,
  `${'?'.repeat(254)}*`,
])(
  'a comparison takes a step for each character and 32 characters of the pattern: %s',
  (pattern) => {
    const value = 'a'.repeat(255);
    const { compile, compare } = stepsOf(pattern, value);
    expect(compare).toBeLessThanOrEqual((value.length + 1) * 8);
    expect(compile).toBe(pattern.length * 30);
    expect(stepsOf(pattern, 'a'.repeat(10_000)).compare).toBeLessThanOrEqual(10_001 * 8);
  },
);

test('a comparison ends where the value cannot match any more', () => {
  expect(stepsOf('image-*', 'volume-1').compare).toBe(2);
});

test('says the same as a regular expression', () => {
  const unit = fc.constantFrom('a', 'b', '*', '?');
  const letters = fc.oneof(
    fc.string({ unit, maxLength: 6 }),
    // Longer than a word of the state, and over its edge.
    fc
      .tuple(fc.nat(40), fc.string({ unit, maxLength: 4 }), fc.nat(40))
      .map(([before, middle, after]) => `${'a'.repeat(before)}${middle}${'a'.repeat(after)}`),
  );
  const texts = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }),
    fc
      .tuple(fc.nat(80), fc.constantFrom('', 'b', 'bb'), fc.nat(40))
      .map(([before, middle, after]) => `${'a'.repeat(before)}${middle}${'a'.repeat(after)}`),
  );
  fc.assert(
    fc.property(letters, texts, (pattern, value) => {
      const source = pattern.replaceAll('*', '.*').replaceAll('?', '.');
      expect(matches(pattern, value)).toBe(new RegExp(`^${source}$`).test(value));
    }),
    { numRuns: 2_000 },
  );
});

test('plain text is no pattern', () => {
  expect([isWildcard('web-1'), isWildcard('web-?'), isWildcard('a\\b')]).toEqual([
    false,
    true,
    true,
  ]);
});

test.each([
  ['image-1000?', 'image-1000'],
  ['image-*-x', 'image-'],
  ['plain', 'plain'],
  ['a\\*b*', 'a*b'],
  ['*x', ''],
  ['?', ''],
])('everything that %j matches begins with %j', (pattern, prefix) => {
  expect(literalPrefix(pattern)).toBe(prefix);
});
