import { expect, test } from 'vitest';
import { RecentCache } from './recent-cache.ts';

const block = (length: number) => new Uint8Array(length);
const sizeOf = ({ length }: Uint8Array) => length;

test('the value not used for longest is dropped first, and the bytes stay below the limit', () => {
  const cache = new RecentCache(30, sizeOf);
  for (const key of ['a', 'b', 'c']) cache.set(key, block(10));
  cache.get('a');
  cache.set('d', block(10));
  expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined)).toEqual([
    'a',
    'c',
    'd',
  ]);
  expect(cache.bytes).toBe(30);
  cache.delete('c');
  cache.delete('b');
  expect(cache.get('c')).toBeUndefined();
  expect(cache.bytes).toBe(20);
});

test('a block that is larger than the cache is not kept', () => {
  const cache = new RecentCache(5, sizeOf);
  cache.set('a', block(6));
  expect(cache.get('a')).toBeUndefined();
  expect(cache.bytes).toBe(0);
});
