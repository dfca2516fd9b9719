import type { IndexName, ListQuery, RecordKind, RegionName } from '@bakehouse/domain';
import type { Filter } from './filter.ts';
import { isWildcard } from './wildcard.ts';

/** Which index of the store answers which filter, where that is exactly the same question. */
export type FilterIndexes<K extends RecordKind> = Readonly<Record<string, IndexName<K>>>;

/**
 * The part of a filter list that the store's indexes can answer, so that few records are read. The filters
 * themselves must still be applied: this only narrows.
 */
export function narrow<K extends RecordKind>(
  region: RegionName,
  filters: readonly Filter[] | undefined,
  indexes: FilterIndexes<K>,
): ListQuery<K> {
  const where: Partial<Record<string, readonly string[]>> = {};
  for (const { Name: name = '', Values: values = [] } of filters ?? []) {
    if (values.length === 0 || values.some(isWildcard)) continue;
    const index = Object.hasOwn(indexes, name) ? indexes[name] : undefined;
    if (index) where[index] = values;
    else if (name === 'tag-key' && indexes['tag-key']) where[indexes['tag-key']] = values;
    else if (name.startsWith('tag:') && indexes['tag:']) {
      where[indexes['tag:']] = values.map((value) => `${name.slice('tag:'.length)}=${value}`);
    }
  }
  return { region, where: where as NonNullable<ListQuery<K>['where']> };
}
