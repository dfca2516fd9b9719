import { isResourceId } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { seededIds } from './seeded-ids.ts';
import { seededRandom } from './seeded-random.ts';

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number) => Array.from({ length: 20 }, seededRandom(seed).fraction);
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test('numbers lie in their range and spread over it', () => {
  const random = seededRandom('spread');
  const counts = Array.from({ length: 10 }, () => 0);
  for (let draw = 0; draw < 10_000; draw += 1) {
    const index = random.below(10);
    counts[index] = (counts[index] ?? Number.NaN) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  expect(() => random.pick([])).toThrow(RangeError);
});

test('a fork does not depend on what was drawn before it', () => {
  const drawn = seededRandom(7);
  drawn.fraction();
  expect(drawn.fork('a').fraction()).toBe(seededRandom(7).fork('a').fraction());
  expect(drawn.fork('a').fraction()).not.toBe(drawn.fork('b').fraction());
});

test('seeded ids are well formed, distinct and the same again', () => {
  const ids = seededIds(3);
  const many = Array.from({ length: 1_000 }, () => ids.resource('ami'));
  expect(new Set(many).size).toBe(many.length);
  expect(many.every((id) => isResourceId('ami', id))).toBe(true);
  expect(seededIds(3).resource('ami')).toBe(many[0]);
  expect(seededIds(4).resource('ami')).not.toBe(many[0]);
});
