import { apiError } from '@bakehouse/domain';
import { isWildcard, wildcardMatcher } from './wildcard.ts';

/** As the model has it: all values of one filter are alternatives, all filters must match. */
export interface Filter {
  readonly Name?: string | undefined;
  readonly Values?: readonly string[] | undefined;
}

export type FilterValue = string | number | boolean | undefined;

/**
 * What each filter of an operation compares with, by the filter's documented name. `tag:` stands for every
 * `tag:KEY`; its getter is given the key.
 */
export type FilterTable<Item> = Readonly<
  Record<string, (item: Item, key: string) => FilterValue | readonly FilterValue[]>
>;

/** The two tag filters, for a table of items that have tags. */
export const tagFilters = {
  'tag:': ({ tags }: { tags: Readonly<Record<string, string>> }, key: string) =>
    Object.hasOwn(tags, key) ? tags[key] : undefined,
  'tag-key': (item: { tags: Readonly<Record<string, string>> }) => Object.keys(item.tags),
};

/** EC2's bounds on the filters of one call, and on the values of one filter. */
const filtersMax = 50;
const filterValuesMax = 200;

type Matcher = (value: string) => boolean;

function matcherOf(values: readonly string[]): Matcher {
  const exact = new Set(values);
  const patterns = values.filter(isWildcard).map(wildcardMatcher);
  return (value) => exact.has(value) || patterns.some((matches) => matches(value));
}

interface Test<Item> {
  readonly get: FilterTable<Item>[string];
  readonly key: string;
  readonly matches: Matcher;
}

function compile<Item>(table: FilterTable<Item>, filter: Filter): Test<Item> {
  const name = filter.Name ?? '';
  const isTag = name.startsWith('tag:');
  const get = Object.hasOwn(table, isTag ? 'tag:' : name)
    ? table[isTag ? 'tag:' : name]
    : undefined;
  if (!get) throw apiError('InvalidFilter', { filter: name });
  const values = filter.Values ?? [];
  if (values.length === 0) {
    throw apiError('InvalidParameterValue', {
      message: `The filter '${name}' needs at least one value`,
    });
  }
  if (values.length > filterValuesMax) {
    throw apiError('FilterLimitExceeded', {
      message: `The maximum number of filter values specified on a single call is ${filterValuesMax}`,
    });
  }
  return { get, key: isTag ? name.slice('tag:'.length) : '', matches: matcherOf(values) };
}

function passes<Item>(item: Item, test: Test<Item>): boolean {
  const found = test.get(item, test.key);
  const values: readonly FilterValue[] = Array.isArray(found) ? found : [found as FilterValue];
  return values.some((value) => value !== undefined && test.matches(String(value)));
}

/** Whether an item passes every filter. A filter that the table lacks is refused. */
export function filterTest<Item>(
  filters: readonly Filter[] | undefined,
  table: FilterTable<Item>,
): (item: Item) => boolean {
  if (!filters || filters.length === 0) return () => true;
  if (filters.length > filtersMax) {
    throw apiError('FilterLimitExceeded', {
      message: `The maximum number of filters specified on a single call is ${filtersMax}`,
    });
  }
  const tests = filters.map((filter) => compile(table, filter));
  return (item) => tests.every((test) => passes(item, test));
}

/** The items that pass every filter, in their order. A filter that the table lacks is refused. */
export function filterItems<Item>(
  items: readonly Item[],
  filters: readonly Filter[] | undefined,
  table: FilterTable<Item>,
): readonly Item[] {
  return items.filter(filterTest(filters, table));
}
