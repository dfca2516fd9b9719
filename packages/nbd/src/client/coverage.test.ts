import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NbdProtocolError } from '../errors.ts';
import { Coverage } from './coverage.ts';

test('pieces of a range complete it in any order, and only all of them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 30 }),
      fc.nat(),
      fc.nat({ max: 1000 }),
      (lengths, seed, start) => {
        let at = start;
        const pieces = lengths.map((length) => {
          at += length;
          return { offset: at - length, length, order: (at * (seed + 7919)) % 97 };
        });
        pieces.sort((a, b) => a.order - b.order);
        const coverage = new Coverage(start, at - start);
        for (const { offset, length } of pieces) {
          expect(coverage.complete).toBe(false);
          coverage.add(offset, length);
        }
        expect(coverage.complete).toBe(true);
      },
    ),
  );
});

test('a piece that overlaps an earlier one, or leaves the range, is refused', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 20 })), { maxLength: 20 }),
      (pieces) => {
        const coverage = new Coverage(5, 50);
        const seen = new Set<number>();
        for (const [offset, length] of pieces) {
          const bytes = Array.from({ length }, (_, index) => offset + index);
          const fits = bytes.every((byte) => byte >= 5 && byte < 55 && !seen.has(byte));
          if (length > 0 && fits) {
            coverage.add(offset, length);
            for (const byte of bytes) seen.add(byte);
          } else {
            expect(() => coverage.add(offset, length)).toThrow(NbdProtocolError);
          }
        }
        expect(coverage.complete).toBe(seen.size === 50);
      },
    ),
  );
});
