import { expect, test } from 'vitest';
import { KeyedLock } from './keyed-lock.ts';

test('work on a common key takes turns, in order; other work does not wait', async () => {
  const locks = new KeyedLock();
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const a = locks.run(['x', 'y'], async () => {
    await gate.promise;
    order.push('a');
  });
  const b = locks.run(['y', 'z'], async () => order.push('b'));
  await locks.run(['w'], async () => order.push('free'));
  expect(locks.isHeld('z')).toBe(true);
  gate.resolve();
  await Promise.all([a, b]);
  expect(order).toEqual(['free', 'a', 'b']);
  expect(['x', 'y', 'z', 'w'].filter((key) => locks.isHeld(key))).toEqual([]);
});

test('failed work frees its keys', async () => {
  const locks = new KeyedLock();
  const failed = locks.run(['x'], () => Promise.reject(new Error('no')));
  await expect(failed).rejects.toThrow('no');
  expect(await locks.run(['x'], async () => 1)).toBe(1);
});
