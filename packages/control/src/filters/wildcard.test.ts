import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isWildcard, wildcardMatcher } from './wildcard.ts';

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
  expect(wildcardMatcher(pattern)(value)).toBe(expected);
});

test('many stars do not occupy the server', () => {
  // A backtracking matcher does not come to an end with this.
  const matches = wildcardMatcher(`${'*a'.repeat(100)}*b`);
  expect(matches('a'.repeat(10_000))).toBe(false);
});

test('says the same as a regular expression', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 });
  const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  fc.assert(
    fc.property(letters, texts, (pattern, value) => {
      const source = pattern.replaceAll('*', '.*').replaceAll('?', '.');
      expect(wildcardMatcher(pattern)(value)).toBe(new RegExp(`^${source}$`).test(value));
    }),
  );
});

test('plain text is no pattern', () => {
  expect([isWildcard('web-1'), isWildcard('web-?'), isWildcard('a\\b')]).toEqual([
    false,
    true,
    true,
  ]);
});
