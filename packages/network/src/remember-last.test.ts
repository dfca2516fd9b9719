import { expect, test } from 'vitest';
import { rememberLast } from './remember-last.ts';

test('the last value of each object is returned again until something else is given with it', () => {
  let calls = 0;
  const sum = rememberLast(
    (one: { readonly value: number }, other?: { readonly value: number }) => {
      calls += 1;
      return one.value + (other?.value ?? 0);
    },
  );
  const [one, two] = [{ value: 1 }, { value: 2 }];
  expect([sum(one, two), sum(two, two), sum(one, two), sum(two, two)]).toEqual([3, 4, 3, 4]);
  expect(calls).toBe(2);
  expect([sum(one), sum(one, undefined), sum(one, two), sum({ ...one }, two)]).toEqual([
    1, 1, 3, 3,
  ]);
  expect(calls).toBe(6);
});
