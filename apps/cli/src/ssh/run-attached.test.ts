import { expect, test } from 'vitest';
import { runAttached } from './run-attached.ts';

test('SIGTERM is passed on to the program', async () => {
  const before = process.listenerCount('SIGTERM');
  const running = runAttached(['sleep', '60'], { env: process.env, hint: '' });
  process.emit('SIGTERM');
  expect(await running).toBe(143);
  expect(process.listenerCount('SIGTERM')).toBe(before);
});
