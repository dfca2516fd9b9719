import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockSet } from './block-set.ts';

test('a block is new once', () => {
  const blocks = fc.array(fc.nat(256 * 1024 - 1), { maxLength: 200 });
  fc.assert(
    fc.property(blocks, (indexes) => {
      const set = new BlockSet();
      const known = new Set<number>();
      for (const index of indexes) {
        expect(set.add(index)).toBe(!known.has(index));
        known.add(index);
      }
    }),
  );
});

test('blocks beyond 128 GiB take no memory and are never new', () => {
  const set = new BlockSet();
  expect(set.add(256 * 1024)).toBe(false);
  expect(set.add(2 ** 32 - 1)).toBe(false);
  expect(set.add(256 * 1024 - 1)).toBe(true);
});
