import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  countFailure,
  countsToKeep,
  nextTry,
  noTries,
  pauseMs,
  type RetryRule,
  untilDone,
} from './retry-rule.ts';

const rules = (...list: RetryRule[]) => list;

/** How many tries follow failures with these codes, each a second after the one before. */
function triesAfter(list: readonly RetryRule[], codes: readonly string[]): number {
  let tries = noTries;
  for (const [index, code] of codes.entries()) {
    const elapsedMs = index * 1000;
    tries = countFailure(tries, code, elapsedMs);
    if (!nextTry(list, { code, tries, elapsedMs })) return index;
  }
  return codes.length;
}

test('a rule for named codes counts those together, and not those of other rules', () => {
  const list = rules(
    { on: ['A', 'B'], triesMax: 3, pauseMs: 1 },
    { on: 'any', triesMax: 2, pauseMs: 1 },
  );
  expect(triesAfter(list, ['A', 'B', 'A'])).toBe(2);
  expect(triesAfter(list, ['A', 'C', 'B', 'D'])).toBe(3);
  expect(triesAfter(list, ['C', 'A', 'A', 'D'])).toBe(3);
});

test('a limit of time counts from the first failure of the rule', () => {
  const list = rules({ on: ['A'], withinMs: 3000, pauseMs: 1 }, { on: 'any', pauseMs: 1 });
  expect(triesAfter(list, ['A', 'A', 'A', 'A', 'A'])).toBe(3);
  expect(triesAfter(list, ['B', 'B', 'B', 'A', 'A', 'A', 'A'])).toBe(6);
});

test('without a rule there is no further try, and with untilDone there always is', () => {
  expect(triesAfter([], ['A'])).toBe(0);
  fc.assert(
    fc.property(fc.array(fc.string()), (codes) => triesAfter([untilDone], codes) === codes.length),
  );
});

test('pauses never shrink, begin with the rule and stay within it', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(10_000), fc.nat(1000), (first, more, failures) => {
      const rule = { pauseMs: first + 1, pauseMsMax: first + 1 + more };
      expect(pauseMs(rule, 1)).toBe(rule.pauseMs);
      expect(pauseMs(rule, failures + 1)).toBeGreaterThanOrEqual(pauseMs(rule, failures));
      expect(pauseMs(rule, failures)).toBeLessThanOrEqual(rule.pauseMsMax);
      expect(pauseMs({ pauseMs: rule.pauseMs }, failures)).toBe(rule.pauseMs);
    }),
  );
});

test('the row keeps only the counts that a limit depends on', () => {
  const list = rules({ on: ['A'], pauseMs: 1 }, { on: 'any', triesMax: 2, pauseMs: 1 });
  const tries = { counts: { A: 4, B: 1 }, firstAt: {} };
  expect(countsToKeep(list, tries)).toEqual({ B: 1 });
});
