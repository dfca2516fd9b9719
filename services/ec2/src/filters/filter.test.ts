import { expect, test } from 'vitest';
import { type Filter, filterItems, tagFilters } from './filter.ts';

interface Item {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
}

const table = { ...tagFilters, name: (item: Item) => item.name };
const items: readonly Item[] = [
  { name: 'a', tags: { stage: 'live', team: 'blue' } },
  { name: 'b', tags: { stage: 'test' } },
  { name: 'c', tags: {} },
];
const found = async (filter: Filter) =>
  (await filterItems(items, [filter], table)).map(({ name }) => name);

test.each([
  [{ Name: 'tag:stage', Values: ['live'] }, ['a']],
  [{ Name: 'tag-key', Values: ['stage'] }, ['a', 'b']],
  [{ Name: 'tag-value', Values: ['blue', 'test'] }, ['a', 'b']],
  [{ Name: 'tag-value', Values: ['l*'] }, ['a']],
  [{ Name: 'tag-value', Values: ['stage'] }, []],
])('%j finds %j', async (filter, names) => {
  expect(await found(filter)).toEqual(names);
});

test('tag-value is a filter only where tags are', async () => {
  const untagged = { name: table.name };
  const filters = [{ Name: 'tag-value', Values: ['live'] }];
  await expect(filterItems(items, filters, untagged)).rejects.toThrow(
    "The filter 'tag-value' is invalid",
  );
});

const long = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`);

test.each([
  ['unknown', { Name: 'x', Values: ['a'] }, 'InvalidParameterValue', "The filter 'x' is invalid"],
  ['of every object', { Name: 'toString', Values: ['a'] }, 'InvalidParameterValue', 'is invalid'],
  ['without values', { Name: 'name' }, 'InvalidParameterValue', 'at least one value'],
  [
    'of too long a value',
    { Name: 'name', Values: ['x'.repeat(256)] },
    'FilterLimitExceeded',
    '255',
  ],
  ['of too many values', { Name: 'name', Values: long(201) }, 'FilterLimitExceeded', '200'],
])('refuses a filter that is %s', async (_, filter, code, message) => {
  await expect(found(filter)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
});

test('the patterns of all filters together are bounded before they are compiled', async () => {
  const patterns = (count: number) => Array.from({ length: count }, () => `*${'x'.repeat(249)}`);
  const filters = (count: number) => [
    { Name: 'name', Values: patterns(100) },
    { Name: 'tag:stage', Values: patterns(count) },
  ];
  expect(await filterItems(items, filters(104), table)).toEqual([]);
  await expect(filterItems(items, filters(105), table)).rejects.toMatchObject({
    code: 'FilterLimitExceeded',
    message: expect.stringContaining('51000 characters'),
  });
});

test('takes as long a value, and as many, as EC2 does', async () => {
  const Values = ['x'.repeat(255), ...long(198), 'a'];
  expect(await found({ Name: 'name', Values })).toEqual(['a']);
});
