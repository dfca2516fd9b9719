import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { millisecondsText, secondText, wholeSecond, wholeSecondText } from './time.ts';

test('a whole second ends in .000Z and is never later than the time', () => {
  const times = fc.integer({ min: 0, max: 4_102_444_800_000 });
  fc.assert(
    fc.property(times, (at) => {
      const shown = wholeSecond(at).getTime();
      expect(wholeSecondText(at)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
      expect(at - shown).toBeGreaterThanOrEqual(0);
      expect(at - shown).toBeLessThan(1000);
    }),
  );
});

test('a time without a fraction', () => {
  expect(secondText(1_643_590_371_083)).toBe('2022-01-31T00:52:51Z');
});

test('a time with milliseconds keeps them', () => {
  expect(millisecondsText(1_643_590_371_083)).toBe('2022-01-31T00:52:51.083Z');
});
