import {
  type IndexName,
  prefixRange,
  type RecordKind,
  type RecordQuery,
  type ValueRange,
} from '@bakehouse/domain';
import type { Filter } from './filter.ts';
import { isWildcard, literalPrefix } from './wildcard.ts';

/** Which index of the store has exactly the values that a filter compares. The entry `tag:` serves every `tag:KEY`. */
export type FilterIndexes<K extends RecordKind> = Readonly<Record<string, IndexName<K>>>;

type Conditions<Condition> = Partial<Record<string, readonly Condition[]>>;

/**
 * The part of a filter list that the store's indexes can resolve, so that few records are read. This only narrows: the
 * caller must still apply the filters.
 */
export function narrow<K extends RecordKind>(
  filters: readonly Filter[] | undefined,
  indexes: FilterIndexes<K>,
): RecordQuery<K> {
  const where: Conditions<string> = {};
  const ranges: Conditions<ValueRange> = {};
  for (const { Name: name = '', Values: values = [] } of filters ?? []) {
    const { index, before } = indexOf(name, indexes);
    if (!index || values.length === 0) continue;
    const prefixes = values.map((value) => `${before}${literalPrefix(value)}`);
    if (!values.some(isWildcard)) where[index] = values.map((value) => `${before}${value}`);
    else if (!prefixes.includes('')) ranges[index] = prefixes.map(prefixRange);
  }
  // The names come from the kind's own table.
  return { where, ranges } as RecordQuery<K>;
}

/** The index that finds a filter's values, and what its own values have before them. */
function indexOf(name: string, indexes: Readonly<Record<string, string>>) {
  const isTag = name.startsWith('tag:');
  const filter = isTag ? 'tag:' : name;
  return {
    index: Object.hasOwn(indexes, filter) ? indexes[filter] : undefined,
    before: isTag ? `${name.slice('tag:'.length)}=` : '',
  };
}
