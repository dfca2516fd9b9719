import { setImmediate } from 'node:timers';
import { expect, test } from 'vitest';
import { pageOfSteps } from '../request/paging.ts';
import { testContext } from '../testing/test-context.ts';
import { filterItems, readFilters, tagFilters } from './filter.ts';

/** What held the server for minutes: many patterns that almost match, over as many long values. */
const patterns = Array.from({ length: 200 }, (_, index) => `*${'a'.repeat(250)}${index}`);
const items = Array.from({ length: 1_000 }, (_, index) => ({
  id: `vol-${1_000 + index}`,
  tags: { k: 'a'.repeat(255) },
}));
const table = { 'tag:': ({ tags }: (typeof items)[number]) => tags.k };
const filters = [{ Name: 'tag:k', Values: patterns }];

/** How often others had their turn until the work was done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work.catch(() => {});
  isDone = true;
  return turns;
}

test('the work of one request is bounded, and others have their turn meanwhile', async () => {
  const work = filterItems(items, filters, table);
  const refused = expect(work).rejects.toMatchObject({ code: 'FilterLimitExceeded' });
  // 200 million steps; others have their turn after 200,000.
  const turns = await turnsDuring(work);
  expect(turns).toBeGreaterThan(900);
  expect(turns).toBeLessThan(1_001);
  await refused;
});

test('others have their turn also while one item with many tags is compared', async () => {
  const tags = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, 'a'.repeat(256)]));
  const byValue = [{ Name: 'tag-value', Values: patterns }];
  const work = filterItems([{ tags }], byValue, tagFilters);
  // 50 tags of 256 characters, 200 patterns of 8 words: 20 million steps.
  expect(await turnsDuring(work)).toBeGreaterThan(90);
  expect(await work).toEqual([]);
});

test('a page ends early where its filters have compared enough, and the next one goes on', async () => {
  const page = (NextToken?: string) =>
    pageOfSteps({
      request: { MaxResults: 1_000, NextToken },
      filters: readFilters(filters, table),
      read: async (after) => ({
        items: items.filter(({ id }) => id > after).map((item) => ({ id: item.id, item })),
      }),
    });
  let pages = 0;
  let token: string | undefined;
  do {
    const { items: found, nextToken } = await page(token);
    expect(found).toEqual([]);
    token = nextToken;
    pages += 1;
  } while (token);
  expect(pages).toBeGreaterThan(1);
  expect(pages).toBeLessThan(6);
});

test('a filter value has 255 characters at most, and a filter 200 values', async () => {
  const { call } = await testContext();
  const describe = (...Values: string[]) =>
    call('DescribeVolumes', { Filters: [{ Name: 'tag:k', Values }] });
  const refusal = { code: 'FilterLimitExceeded' };
  await expect(describe('a'.repeat(256))).rejects.toMatchObject(refusal);
  await expect(describe(...Array.from({ length: 201 }, String))).rejects.toMatchObject(refusal);
  await describe('a'.repeat(255));
});
