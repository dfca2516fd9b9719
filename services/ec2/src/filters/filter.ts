import { apiError } from '@bakehouse/domain';
import { FilterWork } from './filter-work.ts';
import { isWildcard, type WildcardMatcher, wildcardMatcher } from './wildcard.ts';

/** A filter of a request. One of its values must match; all filters of a request must match. */
export interface Filter {
  readonly Name?: string | undefined;
  readonly Values?: readonly string[] | undefined;
}

export type FilterValue = string | number | boolean | undefined;

/**
 * What each filter of an operation compares with, by the filter's documented name. The entry `tag:` serves every
 * `tag:KEY`; its getter receives the key.
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

/** EC2's limits on the filters of one call, the values of one filter, and the characters of one value. */
const filtersMax = 50;
const filterValuesMax = 200;
const filterValueLengthMax = 255;
/**
 * All patterns of a call together may have as many characters as the values of one filter: compiling each takes time and
 * memory.
 */
const patternCharactersMax = filterValuesMax * filterValueLengthMax;

interface Test<Item> {
  readonly get: Getter<Item>;
  readonly key: string;
  readonly exact: ReadonlySet<string>;
  readonly patterns: readonly WildcardMatcher[];
}

type Getter<Item> = FilterTable<Item>[string];

/** `tag-value` is undocumented and in wide use: any tag with this value, whatever its key. */
function tagValues<Item>(table: FilterTable<Item>): Getter<Item> | undefined {
  const { 'tag-key': keysOf, 'tag:': textOf } = table;
  if (!keysOf || !textOf) return undefined;
  return (item) => listed(keysOf(item, '')).flatMap((key) => textOf(item, String(key)));
}

function getterOf<Item>(table: FilterTable<Item>, name: string): Getter<Item> | undefined {
  const entry = name.startsWith('tag:') ? 'tag:' : name;
  if (Object.hasOwn(table, entry)) return table[entry];
  return name === 'tag-value' ? tagValues(table) : undefined;
}

function checkValues(name: string, values: readonly string[]): void {
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
  if (values.every((value) => value.length <= filterValueLengthMax)) return;
  throw apiError('FilterLimitExceeded', {
    message: `The maximum length for a filter value is ${filterValueLengthMax} characters; a value of '${name}' is longer`,
  });
}

function checkPatterns(filters: readonly Filter[]): void {
  const patterns = filters.flatMap(({ Values: values = [] }) => values.filter(isWildcard));
  const characters = patterns.reduce((sum, pattern) => sum + pattern.length, 0);
  if (characters <= patternCharactersMax) return;
  throw apiError('FilterLimitExceeded', {
    message: `The patterns of all filters of a call may have ${patternCharactersMax} characters; these have ${characters}`,
  });
}

function compile<Item>(table: FilterTable<Item>, filter: Filter): Test<Item> {
  const { Name: name = '', Values: values = [] } = filter;
  const get = getterOf(table, name);
  if (!get) {
    throw apiError('InvalidParameterValue', { message: `The filter '${name}' is invalid` });
  }
  checkValues(name, values);
  const key = name.startsWith('tag:') ? name.slice('tag:'.length) : '';
  const patterns = values.filter(isWildcard).map(wildcardMatcher);
  return { get, key, exact: new Set(values), patterns };
}

const listed = (found: FilterValue | readonly FilterValue[]): readonly FilterValue[] =>
  Array.isArray(found) ? found : [found as FilterValue];

/** Whether a value is one of the filter's, patterns aside. */
function isNamed<Item>(item: Item, { get, key, exact }: Test<Item>, work: FilterWork): boolean {
  return listed(get(item, key)).some((value) => {
    work.spend(1);
    return value !== undefined && exact.has(String(value));
  });
}

/** Whether a pattern matches. The tags of one item alone may take 100 ms: others have their turn between patterns. */
async function isMatched<Item>(item: Item, test: Test<Item>, work: FilterWork): Promise<boolean> {
  for (const value of listed(test.get(item, test.key))) {
    if (value === undefined) continue;
    for (const matches of test.patterns) {
      if (work.isLong) await work.pause();
      if (matches(String(value), work)) return true;
    }
  }
  return false;
}

async function passesPatterns<Item>(
  item: Item,
  tests: readonly Test<Item>[],
  work: FilterWork,
): Promise<boolean> {
  for (const test of tests) {
    if (!isNamed(item, test, work) && !(await isMatched(item, test, work))) return false;
  }
  return true;
}

/** The filters of one request, ready to be applied. */
export interface Filters<Item> {
  readonly work: FilterWork;
  /** Whether an item passes every filter: at once, or, with patterns, after others had their turn. */
  passes(item: Item): boolean | Promise<boolean>;
}

/** Reads the filters of a request. One that the table lacks, or with more than EC2 takes, is refused. */
export function readFilters<Item>(
  filters: readonly Filter[] | undefined,
  table: FilterTable<Item>,
): Filters<Item> {
  if (filters && filters.length > filtersMax) {
    throw apiError('FilterLimitExceeded', {
      message: `The maximum number of filters specified on a single call is ${filtersMax}`,
    });
  }
  checkPatterns(filters ?? []);
  const tests = (filters ?? []).map((filter) => compile(table, filter));
  const plain = tests.filter(({ patterns }) => patterns.length === 0);
  const withPatterns = tests.filter(({ patterns }) => patterns.length > 0);
  const work = new FilterWork();
  return {
    work,
    passes: (item) =>
      plain.every((test) => isNamed(item, test, work)) &&
      (withPatterns.length === 0 || passesPatterns(item, withPatterns, work)),
  };
}

/** EC2's error for filters that compare more than one request may. */
export const tooMuchToCompare = () =>
  apiError('FilterLimitExceeded', {
    message:
      'The filters compare too many patterns with too much text; use fewer wildcards, or set MaxResults and follow NextToken',
  });

/**
 * The items that pass every filter, in their order. Others get their turn in between, so it must not be called inside a
 * transaction.
 */
export async function filterItems<Item>(
  items: readonly Item[],
  filters: readonly Filter[] | undefined,
  table: FilterTable<Item>,
): Promise<readonly Item[]> {
  const { passes: isWanted, work } = readFilters(filters, table);
  const found: Item[] = [];
  for (const item of items) {
    const verdict = isWanted(item);
    if (typeof verdict === 'boolean' ? verdict : await verdict) found.push(item);
    if (work.isExhausted) throw tooMuchToCompare();
    if (work.isLong) await work.pause();
  }
  return found;
}

/** For documented filters that nothing on this platform has a value for: they match nothing. */
export function nothing(names: readonly string[]): Record<string, () => undefined> {
  return Object.fromEntries(names.map((name) => [name, () => undefined]));
}
