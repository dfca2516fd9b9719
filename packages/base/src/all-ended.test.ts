import { expect, test } from 'vitest';
import { allEnded } from './all-ended.ts';

test('results are in the order of the list', async () => {
  const [text, count, plain] = await allEnded([Promise.resolve('text'), Promise.resolve(2), true]);
  expect([text.length, count + 1, plain]).toEqual([4, 3, true]);
});

test('a failure is thrown when all have ended, the first of the list before one that came earlier', async () => {
  const first = Promise.withResolvers<void>();
  const last = Promise.withResolvers<void>();
  let isOver = false;
  const all = allEnded([first.promise, Promise.reject(new Error('second')), last.promise]);
  const over = expect(all)
    .rejects.toThrow('first')
    .finally(() => {
      isOver = true;
    });
  first.reject(new Error('first'));
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  last.resolve();
  await over;
});
