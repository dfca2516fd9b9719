import { expect, test } from 'vitest';
import { serialQueue } from './serial-queue.ts';

test('tasks run one at a time, in the order of the calls, also after a failure', async () => {
  const queue = serialQueue();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = queue(async () => {
    await gate.promise;
    order.push('first');
    throw new Error('first failed');
  });
  const second = queue(async () => order.push('second'));
  order.push('called');
  gate.resolve();
  await expect(first).rejects.toThrow('first failed');
  await second;
  expect(order).toEqual(['called', 'first', 'second']);
});
