import { expect, test } from 'vitest';
import { BlockCache } from './block-cache.ts';

const block = (length: number) => new Uint8Array(length);

test('what was not used for longest goes first, and the bytes stay below the limit', () => {
  const cache = new BlockCache(30);
  for (const key of ['a', 'b', 'c']) cache.set(key, block(10));
  cache.get('a');
  cache.set('d', block(10));
  expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined)).toEqual([
    'a',
    'c',
    'd',
  ]);
  expect(cache.bytes).toBe(30);
});

test('a block that is larger than the cache is not kept', () => {
  const cache = new BlockCache(5);
  cache.set('a', block(6));
  expect(cache.get('a')).toBeUndefined();
  expect(cache.bytes).toBe(0);
});
