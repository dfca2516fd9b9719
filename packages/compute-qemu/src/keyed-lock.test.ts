import { describe, expect, it } from 'vitest';
import { KeyedLock } from './keyed-lock.ts';

describe('a keyed lock', () => {
  it('does one thing at a time for a key, in order, also after a failure; other keys go on', async () => {
    const lock = new KeyedLock();
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = lock.run('a', async () => {
      await gate.promise;
      log.push('first');
      throw new Error('failed');
    });
    const second = lock.run('a', async () => log.push('second'));
    await lock.run('b', async () => log.push('other'));
    gate.resolve();
    await expect(first).rejects.toThrow('failed');
    await second;
    expect(log).toEqual(['other', 'first', 'second']);
  });
});
