import fc from 'fast-check';
import { expect, test } from 'vitest';
import { page, pageOf } from './paging.ts';

const candidates = Array.from({ length: 30 }, (_, index) => ({ id: `id-${100 + index}`, index }));
const limits = { min: 1, max: 1000 };

test('pages of made items are those of all items, and no more items are made than a page needs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(29)),
      fc.integer({ min: 1, max: 12 }),
      async (wanted, size) => {
        const all = candidates.filter(({ index }) => wanted.includes(index));
        let token: string | undefined;
        do {
          const request = { MaxResults: size, NextToken: token };
          let made = 0;
          const make = async (candidate: (typeof candidates)[number]) => {
            if (!wanted.includes(candidate.index)) return undefined;
            made += 1;
            return candidate;
          };
          const answer = await pageOf(candidates, make, request, limits);
          expect(answer).toEqual(page(all, request, ({ id }) => id, limits));
          expect(made).toBeLessThanOrEqual(size + 1);
          token = answer.nextToken;
        } while (token);
      },
    ),
  );
});

test('without MaxResults everything is on one page, and bad requests are refused', async () => {
  const make = async (candidate: { id: string }) => candidate.id;
  expect(await pageOf(candidates, make, {})).toEqual({ items: candidates.map(({ id }) => id) });
  const code = (words: string) => ({ code: words });
  await expect(pageOf(candidates, make, { MaxResults: 1 })).rejects.toMatchObject(
    code('InvalidParameterValue'),
  );
  await expect(pageOf(candidates, make, { NextToken: 'x' })).rejects.toMatchObject(
    code('InvalidNextToken'),
  );
});
