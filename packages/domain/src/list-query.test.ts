import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareCodePoints, prefixRange } from './list-query.ts';

const unit = fc.constantFrom(
  'a',
  'b',
  '\0',
  '\ue000',
  '\ud800',
  '\udc00',
  '\u{1f600}',
  '\u{10ffff}',
);
const text = fc.string({ unit, maxLength: 8 });
const points = (value: string) => Array.from(value, (character) => character.codePointAt(0) ?? 0);

test('text is compared by its code points, one after the other', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const [left, right] = [points(a), points(b)];
      const at = left.findIndex((point, index) => point !== right[index]);
      const expected =
        at === -1 || right[at] === undefined
          ? left.length - right.length
          : (left[at] ?? 0) - (right[at] ?? 0);
      expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(expected));
    }),
    { numRuns: 3_000 },
  );
});

test('the range of a prefix has the texts that begin with it, and no others', () => {
  fc.assert(
    fc.property(text, text, fc.boolean(), (prefix, rest, isJoined) => {
      const value = isJoined ? prefix + rest : rest;
      const begins = points(prefix).every((point, index) => points(value)[index] === point);
      const { from = '', below } = prefixRange(prefix);
      const isIn =
        compareCodePoints(value, from) >= 0 &&
        (below === undefined || compareCodePoints(value, below) < 0);
      expect(isIn).toBe(begins);
    }),
    { numRuns: 3_000 },
  );
});
