import { compareCodePoints } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toColumn, toColumnRange } from './column-text.ts';

const unit = fc.constantFrom('a', 'b', '\0', '\u0001', '\ue000', '\ud800', '\udc00', '\u{1f600}');
const text = fc.oneof(fc.string({ unit, maxLength: 12 }), fc.string({ unit: 'binary' }));
const long = fc.tuple(
  fc.constantFrom('a', 'é', '\ue000'),
  fc.integer({ min: 600, max: 2_200 }),
  text,
);
const anyText = fc.oneof(
  text,
  long.map(([filler, count, end]) => filler.repeat(count) + end),
);

const compareBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const isStorable = (column: string) =>
  column.isWellFormed() && !column.includes('\0') && Buffer.byteLength(column) <= 2_000;

test('every text has a column that databases can hold, and no two texts the same', () => {
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      expect(isStorable(toColumn(a))).toBe(true);
      expect(toColumn(a) === toColumn(b)).toBe(a === b);
    }),
    { numRuns: 1_000 },
  );
});

test('columns are in the order of the code points of their texts', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareBytes(toColumn(a), toColumn(b)))).toBe(
        Math.sign(compareCodePoints(a, b)),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('a column range has every value of the range', () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (value, from, below) => {
      const isIn = compareCodePoints(value, from) >= 0 && compareCodePoints(value, below) < 0;
      const range = toColumnRange({ from, below });
      const column = toColumn(value);
      const isFound =
        compareBytes(column, range.from ?? '') >= 0 && compareBytes(column, range.below ?? '') < 0;
      expect(isFound || !isIn).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
