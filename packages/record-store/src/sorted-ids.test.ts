import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedIds } from './sorted-ids.ts';

test('ids come in order after any id, whatever was added and removed', () => {
  const change = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 3_000 }).map(String));
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 4_000, size: 'max' }),
      fc.string(),
      (changes, after) => {
        const ids = new SortedIds();
        const expected = new Set<string>();
        for (const [isAdded, id] of changes) {
          if (isAdded) ids.add(id);
          else ids.remove(id);
          if (isAdded) expected.add(id);
          else expected.delete(id);
        }
        const sorted = [...expected].sort();
        expect([...ids.after('')]).toEqual(sorted);
        expect([...ids.after(after)]).toEqual(sorted.filter((id) => id > after));
        const middle = sorted[sorted.length >> 1] ?? '';
        expect([...ids.after(middle)]).toEqual(sorted.filter((id) => id > middle));
      },
    ),
    { numRuns: 30 },
  );
});
