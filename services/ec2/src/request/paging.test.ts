import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFilters } from '../filters/filter.ts';
import { testContext } from '../testing/test-context.ts';
import { type PageRequest, pageOfItems, pageOfSteps } from './paging.ts';

interface Numbered {
  readonly id: string;
  readonly index: number;
}

const all: readonly Numbered[] = Array.from({ length: 30 }, (_, index) => ({
  id: `id-${100 + index}`,
  index,
}));
const limits = { min: 1, max: 1000 };
const table = { index: ({ index }: Numbered) => index };

/** Lets pass the items of these indexes. */
const filterOf = (wanted: readonly number[]) =>
  wanted.length === 0 ? [] : [{ Name: 'index', Values: wanted.map(String) }];

test('pages of any size make up all items that pass, and each reads no more than it needs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(29)),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 9 }),
      async (wanted, size, stepSize) => {
        const found: Numbered[] = [];
        let token: string | undefined;
        do {
          let looked = 0;
          const { items, nextToken } = await pageOfSteps<Numbered>({
            request: { MaxResults: size, NextToken: token },
            filters: readFilters(filterOf(wanted), table),
            limits,
            async read(after) {
              const rest = all.filter(({ id }) => id > after);
              const step = rest.slice(0, stepSize).map((item) => ({ id: item.id, item }));
              looked += step.length;
              const last = step.at(-1);
              return { items: step, ...(last && rest.length > stepSize ? { next: last.id } : {}) };
            },
          });
          expect(items.length).toBeLessThanOrEqual(size);
          if (items.length < size) expect(nextToken).toBeUndefined();
          const at = (item: Numbered | undefined) => (item ? all.indexOf(item) + 1 : 0);
          if (nextToken)
            expect(looked).toBeLessThan(at(items.at(-1)) - at(found.at(-1)) + stepSize);
          found.push(...items);
          token = nextToken;
        } while (token);
        const passing = all.filter(({ index }) => wanted.length === 0 || wanted.includes(index));
        expect(found).toEqual(passing);
      },
    ),
  );
});

test('without MaxResults everything is on one page, and a bad number of results is refused', async () => {
  const page = (request: PageRequest) =>
    pageOfItems({ request, items: all, idOf: ({ id }) => id, table });
  expect(await page({})).toEqual({ items: all });
  const refusal = { code: 'InvalidParameterValue' };
  await expect(page({ MaxResults: 1 })).rejects.toMatchObject(refusal);
});

test('a token continues the operation that gave it, and no other', async () => {
  const { call, addImage } = await testContext();
  for (let n = 0; n < 3; n += 1) await addImage();
  const first = await call('DescribeImages', { Owners: ['self'], MaxResults: 2 });
  const { NextToken } = first;
  expect(NextToken).toBeDefined();
  const rest = await call('DescribeImages', { Owners: ['self'], MaxResults: 2, NextToken });
  expect([...(first.Images ?? []), ...(rest.Images ?? [])]).toHaveLength(3);
  expect(rest.NextToken).toBeUndefined();
  const refused = { code: 'InvalidNextToken' };
  await expect(call('DescribeInstances', { NextToken })).rejects.toMatchObject(refused);
  await expect(call('DescribeImages', { NextToken: 'x' })).rejects.toMatchObject(refused);
  const unsealed = { NextToken: first.Images?.[1]?.ImageId };
  await expect(call('DescribeImages', unsealed)).rejects.toMatchObject(refused);
});
